import { isServed } from "../doctor/examination.ts"
import { enumerate, plural } from "../doctor/finding.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import { type RolloverReason, rollover } from "../rollover.ts"
import type { NodeFacts, PodFacts } from "../snapshot.ts"

/** What a rotation would do, for people to agree to. */
export interface RotationPlan {
  /** In the order of their replacement; the first is the canary. */
  readonly nodes: readonly PlannedReplacement[]
  /**
   * Nodes in the works at once: 0 where no subnet of a group has an address for a node more, or where a node more could
   * start in another zone than the one that loses its only node.
   */
  readonly maxSurge: 0 | 1
  /** What will slow it down or stop it, and what to do first. */
  readonly warnings: readonly { readonly says: string; readonly answer: string }[]
}

export interface PlannedReplacement {
  readonly node: string
  readonly zone: string
  readonly type: string
  /** Who makes the replacement: `asg/NAME`, `karpenter/NODEPOOL`, or `none`. */
  readonly group: string
  /** Empty for a node that was chosen by name. */
  readonly reasons: readonly RolloverReason[]
  /** Pods that have to move. */
  readonly pods: number
}

/** Plans the replacement of `chosen`, or of the nodes that need it. */
export function planRotation(index: FleetIndex, chosen?: readonly NodeFacts[]): RotationPlan {
  const needed = rollover(index)
  const reasons = new Map(needed.map((n) => [n.node, n.reasons]))
  const nodes = chosen ?? needed.flatMap((n) => index.node(n.node) ?? [])
  const planned = nodes.filter(isServed).map(
    (node): PlannedReplacement => ({
      node: node.name,
      zone: index.zoneOf(node),
      type: index.typeOf(node) ?? "?",
      group: groupOf(index, node),
      reasons: reasons.get(node.name) ?? [],
      pods: index.podsOf(node.name).filter(mustMove).length,
    }),
  )
  return {
    nodes: planned,
    maxSurge: fullGroups(index, planned).length + lonelyZones(index, planned).length > 0 ? 0 : 1,
    warnings: planned.length === 0 ? [] : warningsOf(index, planned),
  }
}

const mustMove = (pod: PodFacts) =>
  pod.phase !== "Succeeded" && pod.phase !== "Failed" && !pod.owner?.startsWith("DaemonSet/")

function groupOf(index: FleetIndex, node: NodeFacts): string {
  const pool = node.labels["karpenter.sh/nodepool"]
  if (pool !== undefined) return `karpenter/${pool}`
  const id = index.instanceOf(node)?.id ?? ""
  const group = index.snapshot.aws?.autoScalingGroups.find((g) => g.instanceIds.includes(id))
  return group === undefined ? "none" : `asg/${group.name}`
}

function* warnings(index: FleetIndex, planned: readonly PlannedReplacement[]) {
  const { cluster } = index.snapshot
  const pods = planned.flatMap((p) => index.podsOf(p.node)).filter(mustMove)
  const closed = cluster.disruptionBudgets.filter(
    (b) =>
      b.disruptionsAllowed === 0 &&
      pods.some((pod) => pod.namespace === b.namespace && matches(b.matchLabels, pod)),
  )
  if (closed.length > 0)
    yield {
      says: `${enumerate(closed.map((b) => `PodDisruptionBudget ${b.namespace}/${b.name}`))} ${closed.length === 1 ? "allows" : "allow"} no disruption now: draining waits there`,
      answer: "run one replica more, or relax the budget",
    }
  const bare = pods.filter((pod) => pod.owner === undefined)
  if (bare.length > 0)
    yield {
      says: `${plural(bare.length, "pod has", "pods have")} no controller and would be gone for good: ${enumerate(bare.map((p) => `${p.namespace}/${p.name}`))}`,
      answer: "delete them, or add --force",
    }
  const plain = planned.filter((p) => p.group === "none")
  if (plain.length > 0)
    yield {
      says: `nobody replaces ${enumerate(plain.map((p) => p.node))}: not of an Auto Scaling group or Karpenter`,
      answer: "start nodes for their pods first",
    }
  const stale = planned.filter((p) => p.reasons.includes("max-pods"))
  if (stale.length > 0)
    yield {
      says: `${plural(stale.length, "node advertises", "nodes advertise")} too many pods: their successors will too unless the launch template says otherwise`,
      answer:
        "berth user-data prints the right one; the rotation stops at the canary if it is still wrong",
    }
  yield* tightSubnets(index, planned)
  yield* lonelyNodes(index, planned)
}

const warningsOf = (index: FleetIndex, planned: readonly PlannedReplacement[]) => [
  ...warnings(index, planned),
]

/** Groups whose subnets, where they are known, have no address for a node more beside the old ones. */
function fullGroups(index: FleetIndex, planned: readonly PlannedReplacement[]) {
  const groups = new Set(planned.map((p) => p.group))
  return (index.snapshot.aws?.autoScalingGroups ?? []).flatMap(({ name, subnetIds }) => {
    const subnets = subnetIds.flatMap((id) => index.subnet(id) ?? [])
    const isFull = subnets.length > 0 && subnets.every((s) => s.availableAddresses === 0)
    return isFull && groups.has(`asg/${name}`) ? [{ name, subnets }] : []
  })
}

function* tightSubnets(index: FleetIndex, planned: readonly PlannedReplacement[]) {
  for (const { name, subnets } of fullGroups(index, planned))
    yield {
      says: `no subnet of asg/${name} has an address for a node more: ${enumerate(subnets.map((s) => s.id))}`,
      answer:
        "so each node goes before its successor starts, --max-surge 0; free addresses there to have it the other way round",
    }
}

/** Zones in which a group has one node alone: a node more starts in any of the emptiest zones. */
function lonelyZones(index: FleetIndex, planned: readonly PlannedReplacement[]) {
  return (index.snapshot.aws?.autoScalingGroups ?? []).flatMap(({ name, instanceIds }) => {
    const ids = new Set(instanceIds)
    const members = index.snapshot.cluster.nodes.filter((n) =>
      ids.has(index.instanceOf(n)?.id ?? ""),
    )
    const zones = [...Map.groupBy(members, (n) => index.zoneOf(n))]
    const lonely = zones.filter(([, nodes]) => nodes.length === 1).map(([zone]) => zone)
    const touched = lonely.filter((zone) =>
      planned.some((p) => p.group === `asg/${name}` && p.zone === zone),
    )
    return zones.length > 1 && touched.length > 0 ? [{ name, zones: touched }] : []
  })
}

function* lonelyNodes(index: FleetIndex, planned: readonly PlannedReplacement[]) {
  const full = fullGroups(index, planned).map((g) => g.name)
  for (const { name, zones } of lonelyZones(index, planned).filter((g) => !full.includes(g.name)))
    yield {
      says: `asg/${name} has one node alone in ${enumerate(zones)}, and starts a node more in any zone`,
      answer: "so each node goes before its successor starts, which takes its zone: --max-surge 0",
    }
}

const matches = (wanted: Readonly<Record<string, string>>, pod: PodFacts) =>
  Object.entries(wanted).every(([key, value]) => pod.labels?.[key] === value)
