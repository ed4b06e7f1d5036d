// Goal: what operators rely on, by name; W numbers are the weaknesses of the original that must not come back.
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Condition } from "../api/meta.ts"
import type { NodeNetworkSpec } from "../api/nodenetwork.ts"
import { eniConfigs, nodes, securityGroupPolicies, subnetPools } from "../api/resources.ts"
import { createSubnet } from "../ec2/memory/subnets.ts"
import { associateVpcCidr } from "../ec2/memory/vpcs.ts"
import { ids } from "./testing/test-cloud.ts"
import { World } from "./testing/world.ts"

const condition = (list: readonly Condition[] | undefined, type: string) =>
  list?.find((c) => c.type === type)

async function scene(
  options: Parameters<World["addNode"]>[1] & { spec?: Partial<NodeNetworkSpec> } = {},
) {
  const world = new World()
  await world.addConfig("a", ids.podsA)
  await world.addNode("n1", options)
  await world.waiting("n1", 3)
  if (options.spec) await world.spec("n1", options.spec)
  const start = async () => {
    const term = world.start()
    await world.clock.advance(5_000)
    return term
  }
  const enis = async () => (await world.status("n1"))?.interfaces ?? []
  const own = async () => (await enis()).filter((i) => !i.primary)
  return { world, start, enis, own }
}

test("without custom networking the primary's subnet and groups serve", async () => {
  const { world, start, enis } = await scene({ mode: { customNetworking: false } })
  const term = await start()
  const [primary, ...others] = await enis()
  assert.equal(others.length, 0)
  assert.equal(primary?.addresses.length, 5)
  assert.equal(primary?.subnetID, ids.nodesA)
  const status = await world.status("n1")
  assert.equal(status?.binding, undefined)
  assert.equal(status?.placements[0]?.object, "primary")
  await term.stop()
})

test("W5: custom networking turned on stops new addresses of the primary, and opens the chosen subnet", async () => {
  const { world, start, enis } = await scene({ mode: { customNetworking: false } })
  const term = await start()
  const mode = { customNetworking: true }
  await world.kube.patch(
    (await import("../api/resources.ts")).nodeNetworks,
    { name: "n1" },
    { type: "merge", body: { spec: { mode } } },
  )
  await world.clock.advance(3_000)
  const [primary, pods] = await enis()
  assert.equal(primary?.addresses.length, 5, "pods of the primary keep theirs")
  assert.equal(pods?.subnetID, ids.podsA)
  assert.equal(pods?.state, "Ready")
  await term.stop()
})

test("prefix delegation asks for whole blocks, and for single addresses where none is left", async () => {
  const { world, start, own } = await scene({ mode: { prefixDelegation: true } })
  const term = await start()
  assert.deepEqual([(await own())[0]?.prefixes.length, (await own())[0]?.addresses.length], [1, 0])
  await world.editConfig("a", { subnet: ids.tiny, securityGroups: [ids.groupPods] })
  await world.waiting("n1", 3)
  await world.clock.advance(5_000)
  const fallback = (await own()).find((i) => i.subnetID === ids.tiny)
  assert.ok((fallback?.addresses.length ?? 0) >= 3)
  await term.stop()
})

test("DISABLE_NETWORK_RESOURCE_PROVISIONING: EC2 is read and nothing is changed", async () => {
  const { world, start, enis } = await scene({ mode: { provisioning: false } })
  const term = await start()
  assert.equal((await enis()).length, 1)
  const changing = Object.keys(world.callsSince()).filter((c) => !c.startsWith("Describe"))
  assert.deepEqual(changing, [])
  const status = await world.status("n1")
  assert.equal(status?.placements[0]?.code, "ipam/provisioning-off")
  await term.stop()
})

test("W9: a cordoned node still serves pods that wait, and keeps no warm pool", async () => {
  const { world, start, own } = await scene()
  const spec = { unschedulable: true }
  await world.kube.patch(nodes, { name: "n1" }, { type: "merge", body: { spec } })
  const term = await start()
  assert.equal((await own())[0]?.addresses.length, 3)
  await term.stop()
})

test("W4: interfaces that are not ours are left alone, and count as slots", async () => {
  const { world, start, enis } = await scene()
  const instanceId = world.instances.get("n1") ?? ""
  const attach = async (deviceIndex: number, tags: Record<string, string>) => {
    const request = { subnetId: ids.podsA2, securityGroups: [], description: "x", tags }
    const eni = await world.ec2.createNetworkInterface({
      ...{ ...request, addressCount: 3, clientToken: String(deviceIndex) },
    })
    await world.ec2.attachNetworkInterface({ id: eni.id, instanceId, deviceIndex })
  }
  await attach(1, { "node.k8s.amazonaws.com/no_manage": "true" })
  await attach(2, { "node.k8s.amazonaws.com/instance_id": "i-00000000000000bad" })
  const term = await start()
  assert.deepEqual(
    (await enis()).map((i) => [i.deviceIndex, i.state]),
    [
      [0, "Ready"],
      [1, "Foreign"],
      [2, "Foreign"],
    ],
  )
  const status = await world.status("n1")
  assert.equal(status?.placements[0]?.code, "ipam/no-interface-slot")
  await world.spec("n1", { offers: [{ interfaceID: (await enis())[1]?.id ?? "" }] })
  await world.clock.advance(60_000)
  assert.equal((await enis()).length, 3)
  await term.stop()
})

test("an untagged interface serves when it fits, drains when not, and is never deleted", async () => {
  const { world, start, own } = await scene()
  const eni = await world.ec2.createNetworkInterface({
    ...{ subnetId: ids.podsA2, securityGroups: [ids.groupPods], description: "by hand" },
    ...{ tags: {}, addressCount: 2, clientToken: "x" },
  })
  const instanceId = world.instances.get("n1") ?? ""
  await world.ec2.attachNetworkInterface({ id: eni.id, instanceId, deviceIndex: 1 })
  const term = await start()
  assert.equal((await own()).find((i) => i.id === eni.id)?.state, "Draining")
  await world.spec("n1", { offers: [{ interfaceID: eni.id }] })
  await world.clock.advance(120_000)
  const [left] = await world.ec2.describeNetworkInterfaces({ ids: [eni.id] })
  assert.equal(left?.attachment?.instanceId, instanceId)
  await term.stop()
})

test("W8: a SubnetPool that selects the node serves it from several subnets, the freest first", async () => {
  const { world, start, own } = await scene({ config: "" })
  await world.kube.patch(
    nodes,
    { name: "n1" },
    { type: "merge", body: { metadata: { annotations: null } } },
  )
  await world.kube.create(subnetPools, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name: "pool" },
    spec: {
      subnets: [{ id: ids.tiny }, { id: ids.podsA2 }, { id: ids.podsB }],
      securityGroups: [{ name: "pods" }],
      nodeSelector: { matchLabels: { "topology.kubernetes.io/zone": "us-west-2a" } },
    },
  })
  const term = await start()
  const [iface] = await own()
  assert.deepEqual([iface?.subnetID, iface?.object], [ids.podsA2, "SubnetPool/pool"])
  assert.deepEqual(iface?.securityGroups, [ids.groupPods])
  assert.equal((await world.status("n1"))?.binding?.source, "SubnetPool")
  await term.stop()
})

test("pods of a SubnetPool and of a SecurityGroupPolicy get interfaces of their own", async () => {
  const { world, start, own } = await scene({ type: "m5.xlarge" })
  await world.kube.create(subnetPools, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name: "db" },
    spec: { subnets: [{ id: ids.podsA2 }], podSelector: { matchLabels: { app: "db" } } },
  })
  await world.kube.create(securityGroupPolicies, {
    apiVersion: "vpcresources.k8s.aws/v1beta1",
    kind: "SecurityGroupPolicy",
    metadata: { name: "p", namespace: "default" },
    spec: { podSelector: {}, securityGroups: { groupIds: [ids.groupOther] } },
  })
  const group = `sg:${ids.groupOther}`
  await world.spec("n1", {
    demand: [
      { placement: "node", inUse: 0, waiting: 1, cooling: 0 },
      { placement: "pool:db", inUse: 0, waiting: 2, cooling: 0 },
      { placement: group, inUse: 0, waiting: 1, cooling: 0 },
    ],
  })
  const term = await start()
  const seen = (await own()).map((i) => [i.placement, i.subnetID, i.securityGroups.join()]).sort()
  assert.deepEqual(seen, [
    ["node", ids.podsA, ids.groupPods],
    ["pool:db", ids.podsA2, ids.groupNodes],
    [group, ids.podsA, ids.groupOther],
  ])
  // A group that no policy names is not given, whatever a node asks for.
  await world.spec("n1", {
    demand: [{ placement: `sg:${ids.groupNodes}`, inUse: 0, waiting: 1, cooling: 0 }],
  })
  await world.clock.advance(2_000)
  const status = await world.status("n1")
  const refused = status?.placements.find((p) => p.placement === `sg:${ids.groupNodes}`)
  assert.equal(refused?.code, "placement/security-group-invalid")
  await term.stop()
})

test("W33: missing IAM rights: said on the node under the original's reason, tried again slowly", async () => {
  const { world, start, own } = await scene()
  const allow = world.cloud.conduct.deny("CreateNetworkInterface")
  const term = await start()
  const said = await world.events()
  assert.ok(said.some((e) => e.reason === "MissingIAMPermissions" && e.regarding.kind === "Node"))
  const status = await world.status("n1")
  assert.equal(status?.placements[0]?.code, "ec2/unauthorized")
  assert.equal(status?.placements[0]?.ready, false)
  world.callsSince()
  await world.clock.advance(600_000)
  assert.ok((world.callsSince()["CreateNetworkInterface"] ?? 0) <= 20)
  allow()
  await world.clock.advance(90_000)
  assert.equal((await own()).length, 1)
  assert.equal((await world.status("n1"))?.placements[0]?.ready, true)
  await term.stop()
})

test("no right to read EC2: the node says so, and recovers", async () => {
  const { world, start, own } = await scene()
  const allow = world.cloud.conduct.deny("DescribeNetworkInterfaces")
  const term = await start()
  const status = await world.status("n1")
  assert.equal(condition(status?.conditions, "Ready")?.reason, "Unauthorized")
  allow()
  await world.clock.advance(120_000)
  assert.equal((await own()).length, 1)
  await term.stop()
  // A new leader that cannot read EC2 leaves what serves as it is.
  const before = await world.status("n1")
  world.cloud.conduct.deny("*")
  const blind = await start()
  const after = await world.status("n1")
  assert.deepEqual(after?.placements, before?.placements)
  assert.deepEqual(after?.interfaces, before?.interfaces)
  assert.equal(condition(after?.conditions, "Ready")?.status, "False")
  await blind.stop()
})

test("a block added to the VPC shows in status with the first subnet of it", async () => {
  const { world, start } = await scene()
  const term = await start()
  associateVpcCidr(world.cloud.core, { vpcId: ids.vpc, cidr: "100.65.0.0/16" })
  await world.clock.advance(1_000)
  const fresh = "subnet-00000000000000ff"
  createSubnet(world.cloud.core, {
    ...{ id: fresh, vpcId: ids.vpc, cidr: "100.65.0.0/24", zone: "us-west-2a" },
  })
  await world.editConfig("a", { subnet: fresh, securityGroups: [ids.groupPods] })
  await world.clock.advance(5_000)
  const status = await world.status("n1")
  assert.ok(status?.interfaces.some((i) => i.subnetID === fresh))
  assert.ok(status?.vpc?.cidrs.includes("100.65.0.0/16"))
  await term.stop()
})

test("W3: groups that follow the primary follow its changes, at the next audit", async () => {
  const { world, start, enis } = await scene()
  await world.editConfig("a", { subnet: ids.podsA, securityGroups: [] })
  await world.kube.patch(
    eniConfigs,
    { name: "a" },
    { type: "merge", body: { spec: { securityGroups: null } } },
  )
  const term = await start()
  const [primary, own] = await enis()
  assert.deepEqual(own?.securityGroups, [ids.groupNodes])
  const securityGroups = [ids.groupOther]
  await world.ec2.modifyNetworkInterface({ id: primary?.id ?? "", securityGroups })
  await world.clock.advance(700_000)
  assert.deepEqual((await enis())[1]?.securityGroups, securityGroups)
  await term.stop()
})

test("W41: an unknown instance type is said, not guessed", async () => {
  const { world, start } = await scene()
  const labels = { "node.kubernetes.io/instance-type": "m99.mega" }
  await world.kube.patch(nodes, { name: "n1" }, { type: "merge", body: { metadata: { labels } } })
  const term = await start()
  const status = await world.status("n1")
  assert.equal(condition(status?.conditions, "Ready")?.reason, "InstanceTypeUnknown")
  await term.stop()
})

test("a device index that somebody else took meanwhile is no dead end", async () => {
  const { world, own } = await scene()
  const instanceId = world.instances.get("n1") ?? ""
  world.cloud.conduct.setLatency("CreateNetworkInterface", 1_000)
  const term = world.start()
  await world.clock.advance(700)
  const eni = await world.ec2.describeNetworkInterfaces({ vpcId: ids.vpc })
  assert.ok(eni.length >= 1)
  const foreign = world.ec2.createNetworkInterface({
    ...{ subnetId: ids.podsA2, securityGroups: [], description: "x", clientToken: "x" },
    tags: { "node.k8s.amazonaws.com/no_manage": "true" },
  })
  await world.clock.advance(1_100)
  const { id } = await foreign
  await world.ec2.attachNetworkInterface({ id, instanceId, deviceIndex: 1 }).catch(() => {})
  await world.clock.advance(120_000)
  assert.ok((await own()).some((i) => i.state === "Ready" && i.addresses.length > 0))

  await term.stop()
})

test("SubnetPool.status tells the truth of each subnet, and which pool is in trouble", async () => {
  const { world, start } = await scene({ config: "" })
  const labels = { matchLabels: { "topology.kubernetes.io/zone": "us-west-2a" } }
  const body = { metadata: { annotations: null } }
  await world.kube.patch(nodes, { name: "n1" }, { type: "merge", body })
  await world.kube.create(subnetPools, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name: "pool" },
    spec: { subnets: [{ id: ids.tiny }, { id: ids.podsB }], nodeSelector: labels },
  })
  const term = await start()
  await world.clock.advance(10_000)
  const pool = async () => (await world.kube.get(subnetPools, "pool"))?.status
  const before = await pool()
  const tiny = before?.subnets.find((s) => s.id === ids.tiny)
  assert.deepEqual([tiny?.total, tiny?.usedByUs, tiny?.free, tiny?.freePrefixes], [11, 6, 5, 0])
  const other = before?.subnets.find((s) => s.id === ids.podsB)
  assert.deepEqual([other?.total, other?.freePrefixes, other?.largestBlock], [251, 14, 26])
  assert.deepEqual([before?.nodes, before?.free, before?.total], [1, 256, 262])
  assert.equal(condition(before?.conditions, "Ready")?.status, "True")
  await world.waiting("n1", 9, 5)
  await world.clock.advance(20_000)
  const after = await pool()
  assert.equal(after?.pods, 5)
  assert.equal(condition(after?.conditions, "SubnetExhausted")?.status, "True")
  assert.match(condition(after?.conditions, "Ready")?.message ?? "", /subnet-00000000000000aa/)
  await term.stop()
})

test("under EC2's request limits twenty nodes slow down, and none fails", async () => {
  const world = new World()
  world.cloud.conduct.setLimits(true)
  // Somebody else in the account uses the budget up.
  world.cloud.conduct.inject({
    action: "CreateNetworkInterface",
    code: "RequestLimitExceeded",
    probability: 0.5,
  })
  await world.addConfig("a", ids.podsA)
  const names = Array.from({ length: 20 }, (_, i) => `n${i}`)
  for (const name of names) {
    await world.addNode(name)
    await world.waiting(name, 1)
  }
  const term = world.start()
  await world.clock.advance(2_000)
  const throttled = await world.status("n0")
  assert.equal(condition(throttled?.conditions, "Throttled")?.type, "Throttled")
  await world.clock.advance(180_000)
  for (const name of names) {
    const status = await world.status(name)
    assert.equal(status?.interfaces.filter((i) => !i.primary && i.state === "Ready").length, 1)
  }
  const made = [...world.cloud.core.tables.networkInterface.all()]
  assert.equal(made.filter((eni) => eni.description.startsWith("aws-K8S-")).length, 20)
  await term.stop()
})

test("an agent that names another node's instance gets nothing, and the node says why", async () => {
  const { world, start } = await scene()
  await world.addNode("n2")
  await world.spec("n1", { instanceID: world.instances.get("n2") ?? "" })
  const term = await start()
  const status = await world.status("n1")
  assert.equal(condition(status?.conditions, "Ready")?.reason, "InstanceMismatch")
  assert.equal(status?.interfaces.filter((i) => !i.primary).length, 0)
  await term.stop()
})
