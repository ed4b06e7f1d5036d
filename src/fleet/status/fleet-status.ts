import { nodePlacement } from "../../api/nodenetwork.ts"
import { resolvePlacement } from "../../placement/resolve.ts"
import { parseCidr, sizeOf } from "../../vpc/cidr.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { NodeFacts } from "../snapshot.ts"

/** First four and the last address of a subnet belong to AWS. */
const reservedAddresses = 5
const prefixAddresses = 16

export interface FleetStatus {
  readonly takenAt: string
  readonly cluster: string
  readonly plugin: string
  readonly customNetworking: boolean
  readonly trouble: readonly Trouble[]
  readonly subnets: readonly SubnetRow[]
  readonly nodes: readonly NodeRow[]
  readonly unread: readonly string[]
}

export interface Trouble {
  readonly object: string
  readonly what: string
}

export interface SubnetRow {
  readonly subnet: string
  readonly zone: string
  readonly cidr: string
  readonly total: number
  readonly free: number
  /** Objects that send pods there. */
  readonly usedBy: readonly string[]
}

export interface NodeRow {
  readonly node: string
  readonly zone: string
  readonly type: string
  /** The object that decides, or the refusal's code. */
  readonly placement: string
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
  const nodes = snapshot.cluster.nodes.map((node) => nodeRow(index, node))
  const subnets = subnetRows(index)
  const set = snapshot.cluster.daemonSet
  return {
    takenAt: snapshot.takenAt,
    cluster: snapshot.cluster.name ?? snapshot.source,
    plugin:
      set === undefined
        ? "no DaemonSet aws-node"
        : `${set.berth ? "Berth" : "aws-node"} ${set.image.split(":").pop()}, ${set.ready} of ${set.desired} ready`,
    customNetworking: mode.customNetworking,
    trouble: troubleOf(index, nodes, subnets),
    subnets,
    nodes: nodes.sort(
      (a, b) =>
        urgency(b) - urgency(a) || a.zone.localeCompare(b.zone) || a.node.localeCompare(b.node),
    ),
    unread: snapshot.unread.map((u) => u.what),
  }
}

const urgency = (n: NodeRow) => (n.stuck > 0 ? 2 : 0) + (n.converged ? 0 : 1)

function nodeRow(index: FleetIndex, node: NodeFacts): NodeRow {
  const all = index.interfacesOf(node)
  const serving = index.mode.customNetworking ? all.slice(1) : all
  const at = index.placementNode(node)
  const resolution =
    at === undefined ? undefined : resolvePlacement(nodePlacement, at, index.mode, index.sources)
  const wanted = resolution?.ok
    ? new Set(resolution.placement.subnets.map((s) => s.subnet.id))
    : undefined
  const pods = index.podsOf(node.name)
  const own = pods.filter((p) => !p.hostNetwork && p.phase !== "Succeeded" && p.phase !== "Failed")
  return {
    node: node.name,
    zone: index.zoneOf(node),
    type: index.typeOf(node) ?? "?",
    placement:
      resolution === undefined
        ? "?"
        : resolution.ok
          ? resolution.placement.object
          : resolution.refusal.code,
    interfaces: all.length,
    addresses: serving.reduce(
      (n, i) => n + i.addresses.length + prefixAddresses * i.prefixes.length,
      0,
    ),
    used: own.filter((p) => p.ip !== undefined).length,
    prefixes: serving.reduce((n, i) => n + i.prefixes.length, 0),
    pods: pods.length,
    maxPods: node.allocatablePods,
    converged: wanted === undefined || serving.every((i) => wanted.has(i.subnetId)),
    stuck: own.filter((p) => p.ip === undefined && !p.terminating).length,
  }
}

function subnetRows({ snapshot: { cluster, aws }, interfacesOf }: FleetIndex): SubnetRow[] {
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
      usedBy: [...(users.get(s.id) ?? [])],
    }))
    .sort((a, b) => a.free / a.total - b.free / b.total || a.zone.localeCompare(b.zone))
}

/** A subnet with less than this share free is worth a line. */
const scarce = 0.1

function troubleOf(
  index: FleetIndex,
  nodes: readonly NodeRow[],
  subnets: readonly SubnetRow[],
): Trouble[] {
  const out: Trouble[] = []
  const { cluster } = index.snapshot
  for (const n of nodes)
    if (n.stuck > 0)
      out.push({
        object: `node ${n.node}`,
        what: `${n.stuck} ${n.stuck === 1 ? "pod has" : "pods have"} no address (berth explain node ${n.node})`,
      })
  for (const s of subnets) {
    if (s.free === 0)
      out.push({ object: `subnet ${s.subnet}`, what: `full; used by ${s.usedBy.join(", ")}` })
    else if (s.free / s.total < scarce)
      out.push({ object: `subnet ${s.subnet}`, what: `${s.free} of ${s.total} addresses left` })
  }
  for (const node of cluster.nodes)
    if (!node.ready)
      out.push({
        object: `node ${node.name}`,
        what: `not ready: ${node.readyMessage ?? "no reason given"}`,
      })
  for (const network of cluster.nodeNetworks) {
    for (const p of network.status?.placements ?? []) {
      if (!p.ready && p.message !== undefined)
        out.push({ object: `node ${network.metadata.name}`, what: p.message })
    }
  }
  const set = cluster.daemonSet
  if (set !== undefined && set.ready < set.desired)
    out.push({
      object: "daemonset aws-node",
      what: `${set.desired - set.ready} of ${set.desired} pods are not ready`,
    })
  return out
}
