import type { Clock } from "../../clock.ts"
import { type Cloud, createCloud, realisticTiming } from "../../ec2/memory/cloud.ts"
import type { Core } from "../../ec2/memory/core.ts"
import { runInstances } from "../../ec2/memory/instances.ts"
import { occupyAddresses } from "../../ec2/memory/occupy.ts"
import { allocateAddress, createNatGateway } from "../../ec2/memory/public-addresses.ts"
import {
  associateRouteTable,
  attachInternetGateway,
  createInternetGateway,
  createRoute,
  createRouteTable,
} from "../../ec2/memory/routing.ts"
import { authorizeRules, createSecurityGroup } from "../../ec2/memory/security-groups.ts"
import { createSubnet } from "../../ec2/memory/subnets.ts"
import { associateVpcCidr, createVpc } from "../../ec2/memory/vpcs.ts"
import { blockOf, formatCidr, lastOf, overlaps, parseCidr } from "../../vpc/cidr.ts"
import type { CloudLatency, Scenario, ScenarioInstance, ScenarioSubnet } from "../scenario.ts"

/** Name of the node group in an instance's tags, as EKS sets it. */
export const nodeGroupTag = "eks:nodegroup-name"
const imageId = "ami-0be47000000000001"
const anywhere = "0.0.0.0/0"

/** The cloud of a scenario, before its instances. */
export function buildCloud(scenario: Scenario, clock: Clock, random: () => number): Cloud {
  const zones = [...new Set(scenario.subnets.map((s) => s.zone))].sort()
  const { region, latency } = scenario
  const cloud = createCloud({
    clock,
    random,
    region,
    zones: zones.map((name, i) => ({ name, id: `${zoneIdPrefix(region)}-az${i + 1}` })),
    latencyMs: {
      "*": latency.other,
      CreateNetworkInterface: latency.create,
      AttachNetworkInterface: latency.attach,
      AssignPrivateIpAddresses: latency.assign,
    },
    timing: timingFor(latency),
    limits: scenario.requestLimits ?? false,
  })
  buildVpc(cloud.core, scenario)
  return cloud
}

/** us-west-2 becomes usw2. */
const zoneIdPrefix = (region: string) => region.replace(/^(\w\w)-(\w)\w*-(\d)$/, "$1$2$3")

/** An instance boots in about a second; nothing waits where the scenario has no latency. */
function timingFor(latency: CloudLatency) {
  return latency.attach === 0 ? {} : { ...realisticTiming, associateMs: 0, natGatewayMs: 0 }
}

function buildVpc(core: Core, scenario: Scenario): void {
  const [primary = "10.0.0.0/16", ...secondary] = scenario.vpc.cidrs
  const tags = { Name: scenario.clusterName }
  const vpc = createVpc(core, { id: scenario.vpc.id, cidr: primary, tags })
  for (const cidr of secondary) associateVpcCidr(core, { vpcId: vpc.id, cidr })
  const gateway = createInternetGateway(core, { tags })
  attachInternetGateway(core, { id: gateway.id, vpcId: vpc.id })
  for (const { id, zone, cidr, tags } of scenario.subnets)
    createSubnet(core, { id, vpcId: vpc.id, zone, cidr, tags })
  buildNat(core, scenario, gateway.id)
  for (const { id, occupied = 0 } of scenario.subnets)
    if (occupied > 0) occupyAddresses(core, { subnetId: id, count: occupied })
  for (const { id, name } of scenario.securityGroups)
    createSecurityGroup(core, { id, vpcId: vpc.id, name, description: name })
  for (const group of scenario.securityGroups) openGroup(core, group)
}

function openGroup(core: Core, group: Scenario["securityGroups"][number]): void {
  const rules = group.ingress.map((r) => ({
    protocol: r.protocol,
    ...(r.from === undefined ? {} : { fromPort: r.from }),
    ...(r.to === undefined ? {} : { toPort: r.to }),
    ...(r.source.startsWith("sg-") ? { groupId: r.source } : { cidr: r.source }),
  }))
  authorizeRules(core, { groupId: group.id, egress: false, rules })
}

/**
 * One NAT gateway for every public address that the scenario names, in a public subnet of its zone; subnets with that
 * address are routed to it. The public subnets are not part of the scene: they take the last free /28 blocks.
 */
function buildNat(core: Core, scenario: Scenario, internetGateway: string): void {
  const vpcId = scenario.vpc.id
  const publicSubnets = new Map<string, string>()
  const tables = new Map<string, string>()
  const publicSubnet = (zone: string): string => {
    const known = publicSubnets.get(zone)
    if (known !== undefined) return known
    const cidr = lastFreeBlock(core, scenario)
    const subnet = createSubnet(core, { vpcId, zone, cidr, tags: { Name: `public-${zone}` } })
    const table = createRouteTable(core, { vpcId })
    associateRouteTable(core, { tableId: table.id, subnetId: subnet.id })
    const target = { kind: "internet-gateway", id: internetGateway } as const
    createRoute(core, { tableId: table.id, destination: anywhere, target })
    publicSubnets.set(zone, subnet.id)
    return subnet.id
  }
  for (const { id, zone, natAddress } of scenario.subnets.filter(hasNat)) {
    let tableId = tables.get(natAddress)
    if (tableId === undefined) {
      const address = allocateAddress(core, { publicAddress: natAddress })
      const nat = createNatGateway(core, {
        subnetId: publicSubnet(zone),
        allocationId: address.id,
        tags: { Name: `nat-${natAddress}` },
      })
      tableId = createRouteTable(core, { vpcId }).id
      const target = { kind: "nat-gateway", id: nat.id } as const
      createRoute(core, { tableId, destination: anywhere, target })
      tables.set(natAddress, tableId)
    }
    associateRouteTable(core, { tableId, subnetId: id })
  }
}

const hasNat = (s: ScenarioSubnet): s is ScenarioSubnet & { natAddress: string } =>
  s.natAddress !== undefined

function lastFreeBlock(core: Core, scenario: Scenario): string {
  const vpc = parseCidr(scenario.vpc.cidrs[0] ?? "")
  const taken = core.tables.subnet.in(scenario.vpc.id).flatMap((s) => parseCidr(s.cidr) ?? [])
  if (vpc)
    for (
      let block = blockOf(lastOf(vpc), 28);
      block.base >= vpc.base;
      block = blockOf(block.base - 16, 28)
    )
      if (!taken.some((t) => overlaps(t, block))) return formatCidr(block)
  throw new Error(`scenario ${scenario.name}: no /28 is left in ${scenario.vpc.cidrs[0]} for NAT`)
}

/** Launches an instance of the scenario as an Auto Scaling group of EKS would. */
export function launchInstance(core: Core, scenario: Scenario, instance: ScenarioInstance): void {
  runInstances(core, {
    type: instance.type,
    imageId,
    subnetId: instance.subnetId,
    securityGroups: instance.securityGroups,
    userData: Buffer.from(instance.userData).toString("base64"),
    tags: {
      [nodeGroupTag]: instance.nodeGroup,
      [`kubernetes.io/cluster/${scenario.clusterName}`]: "owned",
    },
  })
}
