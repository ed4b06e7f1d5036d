// Goal: what the emulated cloud says is what the fabric decides by, from the next turn of the event loop on.
import assert from "node:assert/strict"
import { test } from "node:test"
import { setImmediate as turn } from "node:timers/promises"
import { attachInterface, detachInterface } from "../../ec2/memory/attachments.ts"
import { type Cloud, createCloud } from "../../ec2/memory/cloud.ts"
import { runInstances } from "../../ec2/memory/instances.ts"
import {
  assignAddresses,
  createInterface,
  modifyInterface,
  unassignAddresses,
} from "../../ec2/memory/interfaces.ts"
import { allocateAddress, createNatGateway } from "../../ec2/memory/public-addresses.ts"
import { associateRouteTable, createRoute, createRouteTable } from "../../ec2/memory/routing.ts"
import { authorizeRules, createSecurityGroup } from "../../ec2/memory/security-groups.ts"
import { createSubnet } from "../../ec2/memory/subnets.ts"
import { associateVpcCidr, createVpc } from "../../ec2/memory/vpcs.ts"
import { silentLogger } from "../../log.ts"
import { virtualClock } from "../../testing/virtual-clock.ts"
import { internetAddress, onPremises } from "./addresses.ts"
import type { Fabric } from "./fabric.ts"
import { followCloud } from "./follow-cloud.ts"
import { createHollowFabric } from "./hollow-fabric.ts"

interface Scene {
  readonly cloud: Cloud
  readonly fabric: Fabric
  readonly client: string
  readonly server: { readonly instance: string; readonly eni: string }
}

/** Two instances of one VPC: the client in 10.0.0.0/24, the server with a second interface in 100.64.0.0/24. */
async function scene(): Promise<Scene> {
  const cloud = createCloud({ clock: virtualClock(), random: () => 0.5, region: "us-west-2" })
  const { core } = cloud
  const vpc = createVpc(core, { cidr: "10.0.0.0/16" })
  associateVpcCidr(core, { vpcId: vpc.id, cidr: "100.64.0.0/16" })
  const nodes = createSubnet(core, { vpcId: vpc.id, cidr: "10.0.0.0/24" })
  const pods = createSubnet(core, { vpcId: vpc.id, cidr: "100.64.0.0/24" })
  const group = createSecurityGroup(core, { vpcId: vpc.id, name: "web", description: "" })
  authorizeRules(core, {
    groupId: group.id,
    egress: false,
    rules: [{ protocol: "tcp", fromPort: 80, toPort: 80, cidr: "10.0.0.0/24" }],
  })
  const fabric = createHollowFabric()
  await followCloud({ cloud, fabric, vpcId: vpc.id, logger: silentLogger })
  const [client, server] = runInstances(core, {
    count: 2,
    type: "m5.large",
    subnetId: nodes.id,
    securityGroups: [group.id],
  })
  assert.ok(client && server)
  const eni = createInterface(core, { subnetId: pods.id, securityGroups: [group.id] })
  attachInterface(core, { id: eni.id, instanceId: server.id, deviceIndex: 1 })
  await turn()
  return {
    cloud,
    fabric,
    client: client.privateAddress,
    server: { instance: server.id, eni: eni.id },
  }
}

const outcome = (fabric: Fabric, source: string, destination: string, port = 80): string => {
  const trace = fabric.trace({ source, destination, protocol: "tcp", port })
  return trace.delivered ? `${trace.via} as ${trace.sourceSeen}` : trace.dropped
}

test("addresses, prefixes, groups and attachments are followed", async () => {
  const { cloud, fabric, client, server } = await scene()
  const { core } = cloud
  assignAddresses(core, { id: server.eni, addressCount: 1 })
  const [address = ""] = core.tables.networkInterface.get(server.eni)?.addresses ?? []
  await turn()
  assert.equal(outcome(fabric, client, address), `local as ${client}`)
  assert.equal(outcome(fabric, client, address, 81), "denied-in")

  const bare = createSecurityGroup(core, {
    vpcId: core.tables.networkInterface.get(server.eni)?.vpcId ?? "",
    name: "bare",
    description: "",
  })
  modifyInterface(core, { id: server.eni, securityGroups: [bare.id] })
  await turn()
  assert.equal(outcome(fabric, client, address), "denied-in")
  authorizeRules(core, {
    groupId: bare.id,
    egress: false,
    rules: [{ protocol: "-1", cidr: "0.0.0.0/0" }],
  })
  await turn()
  assert.equal(outcome(fabric, client, address), `local as ${client}`)

  unassignAddresses(core, { id: server.eni, addresses: [address] })
  await turn()
  assert.equal(outcome(fabric, client, address), "unknown-destination")
  assignAddresses(core, { id: server.eni, prefixCount: 1 })
  await turn()
  const [prefix = ""] = core.tables.networkInterface.get(server.eni)?.prefixes ?? []
  assert.equal(outcome(fabric, client, prefix.replace("/28", "")), `local as ${client}`)

  const attachment = core.tables.networkInterface.get(server.eni)?.attachment?.id ?? ""
  detachInterface(core, { attachmentId: attachment })
  await turn()
  assert.equal(outcome(fabric, client, prefix.replace("/28", "")), "unknown-destination")
})

test("route tables and NAT gateways are followed; the network on premises is always routed", async () => {
  const { cloud, fabric, client } = await scene()
  const { core } = cloud
  assert.equal(outcome(fabric, client, internetAddress), "no-route")
  assert.equal(outcome(fabric, client, onPremises.address), `transit-gateway as ${client}`)
  const [subnet] = core.tables.subnet.all()
  assert.ok(subnet)
  const { id: allocationId, publicAddress } = allocateAddress(core)
  const nat = createNatGateway(core, { subnetId: subnet.id, allocationId })
  const table = createRouteTable(core, { vpcId: subnet.vpcId })
  createRoute(core, {
    tableId: table.id,
    destination: "0.0.0.0/0",
    target: { kind: "nat-gateway", id: nat.id },
  })
  associateRouteTable(core, { tableId: table.id, subnetId: subnet.id })
  await turn()
  assert.equal(
    outcome(fabric, client, internetAddress),
    `nat-gateway ${nat.id} as ${publicAddress}`,
  )
})
