import { parseCidr, sizeOf } from "../../vpc/cidr.ts"
import { type Examination, examine } from "../doctor/examination.ts"
import { whyMissing } from "../doctor/needs.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { NodeFacts, Unread } from "../snapshot.ts"
import { type PoolRow, poolRows, type ZoneRow, zoneRows } from "./summaries.ts"
import { type Trouble, troubleOf } from "./trouble.ts"

/** First four and the last address of a subnet belong to AWS. */
const reservedAddresses = 5
const prefixAddresses = 16

export interface FleetStatus {
  readonly takenAt: string
  readonly cluster: string
  readonly plugin: string
  readonly customNetworking: boolean
  readonly trouble: readonly Trouble[]
  readonly zones: readonly ZoneRow[]
  readonly pools: readonly PoolRow[]
  readonly subnets: readonly SubnetRow[]
  readonly nodes: readonly NodeRow[]
  readonly unread: readonly Unread[]
}

export interface SubnetRow {
  readonly subnet: string
  readonly zone: string
  readonly cidr: string
  readonly total: number
  readonly free: number
  /** Whole /28 blocks that are free; with prefix delegation, where the subnet's interfaces were read. */
  readonly freePrefixes?: number
  /** Objects that send pods there. */
  readonly usedBy: readonly string[]
}

export interface NodeRow {
  readonly node: string
  readonly zone: string
  readonly type: string
  /** The object that decides, or the refusal's code. */
  readonly placement: string
  /** Those that can serve pods. */
  readonly interfaces: number
  /** Addresses that pods can use on this node now, and those in use. */
  readonly addresses: number
  readonly used: number
  readonly prefixes: number
  readonly pods: number
  readonly maxPods: number | undefined
  /** False when an interface is in a subnet that the placement does not name, or it still drains. */
  readonly converged: boolean
  /** Pods bound to it that have no address. */
  readonly stuck: number
}

/** Where addresses are, and what is in trouble, first. O(nodes + pods + interfaces). */
export function fleetStatus(index: FleetIndex): FleetStatus {
  const { snapshot, mode } = index
  const examination = examine(index)
  const nodes = snapshot.cluster.nodes.map((node) => nodeRow(examination, node))
  const subnets = subnetRows(examination)
  return {
    takenAt: snapshot.takenAt,
    cluster: snapshot.cluster.name ?? snapshot.source,
    plugin: pluginOf(index),
    customNetworking: mode.customNetworking,
    trouble: troubleOf(examination, nodes, subnets),
    zones: zoneRows(nodes, subnets, mode.customNetworking),
    pools: poolRows(snapshot.cluster.subnetPools),
    subnets,
    nodes: nodes.sort(
      (a, b) =>
        urgency(b) - urgency(a) || a.zone.localeCompare(b.zone) || a.node.localeCompare(b.node),
    ),
    unread: snapshot.unread,
  }
}

function pluginOf({ snapshot: { cluster } }: FleetIndex): string {
  const set = cluster.daemonSet
  if (set === undefined) return "no DaemonSet aws-node"
  const version = set.image.split(":").pop()
  return `${set.berth ? "Berth" : "aws-node"} ${version}, ${set.ready} of ${set.desired} ready`
}

const urgency = (n: NodeRow) => (n.stuck > 0 ? 2 : 0) + (n.converged ? 0 : 1)

interface Serving {
  readonly addresses: number
  readonly prefixes: number
}

/** The node's interfaces that can serve pods: as EC2 says, or, where AWS was not read, as Berth's controller does. */
function servingInterfaces({ index }: Examination, node: NodeFacts): Serving[] {
  const status = index.nodeNetwork(node.name)?.status
  const all =
    index.snapshot.aws === undefined ? (status?.interfaces ?? []) : index.interfacesOf(node)
  return (index.mode.customNetworking ? all.slice(1) : all).map((i) => ({
    addresses: i.addresses.length + prefixAddresses * i.prefixes.length,
    prefixes: i.prefixes.length,
  }))
}

function nodeRow(examination: Examination, node: NodeFacts): NodeRow {
  const { index } = examination
  const serving = servingInterfaces(examination, node)
  const resolution = examination.resolution(node)
  const own = examination.addressedPods(node)
  return {
    node: node.name,
    zone: index.zoneOf(node),
    type: index.typeOf(node) ?? "?",
    placement:
      resolution === undefined
        ? (index.nodeNetwork(node.name)?.status?.placements[0]?.object ?? "?")
        : resolution.ok
          ? resolution.placement.object
          : resolution.refusal.code,
    interfaces: serving.length,
    addresses: serving.reduce((n, i) => n + i.addresses, 0),
    used: own.filter((p) => p.ip !== undefined).length,
    prefixes: serving.reduce((n, i) => n + i.prefixes, 0),
    pods: index.podsOf(node.name).length,
    maxPods: node.allocatablePods,
    converged: examination.strayInterfaces(node).length === 0,
    stuck: own.filter((p) => p.ip === undefined && !p.terminating).length,
  }
}

function subnetRows({ index, subnetMap }: Examination): SubnetRow[] {
  const { snapshot, interfacesOf, mode } = index
  const { cluster, aws } = snapshot
  const read = whyMissing(snapshot, "ec2:DescribeNetworkInterfaces") === undefined
  const users = new Map<string, Set<string>>()
  const use = (subnet: string | undefined, who: string) => {
    if (subnet === undefined) return
    const set = users.get(subnet) ?? new Set()
    users.set(subnet, set.add(who))
  }
  for (const c of cluster.eniConfigs) use(c.spec?.subnet, `ENIConfig/${c.metadata.name}`)
  for (const p of cluster.subnetPools)
    for (const s of p.status?.subnets ?? []) use(s.id, `SubnetPool/${p.metadata.name}`)
  for (const n of cluster.nodes) use(interfacesOf(n)[0]?.subnetId, "nodes")
  return (aws?.subnets ?? [])
    .filter((s) => users.has(s.id))
    .map((s) => ({
      subnet: s.id,
      zone: s.zone,
      cidr: s.cidr,
      total: sizeOf(parseCidr(s.cidr) ?? { base: 0, length: 32 }) - reservedAddresses,
      free: s.availableAddresses,
      ...(mode.prefixDelegation && read && { freePrefixes: subnetMap(s)?.freePrefixes ?? 0 }),
      usedBy: [...(users.get(s.id) ?? [])],
    }))
    .sort((a, b) => a.free / a.total - b.free / b.total || a.zone.localeCompare(b.zone))
}
