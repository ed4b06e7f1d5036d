import { nodeCapacity } from "./capacity/node-capacity.ts"
import { type Examination, examine } from "./doctor/examination.ts"
import type { FleetIndex } from "./facts/fleet-index.ts"
import type { NodeFacts } from "./snapshot.ts"

/** Why a node cannot become right without being replaced. */
export type RolloverReason =
  /** The stock plugin reads the ENIConfig only when it makes an ENI; Berth drains such ENIs and needs no replacement. */
  | "interfaces-elsewhere"
  /** kubelet's max-pods is fixed at boot. */
  | "max-pods"
  /** Berth would drain and open, and the type has no ENI slot left to open one in. */
  | "no-slot"

export interface RolloverNode {
  readonly node: string
  /** EC2 instance id: the next node may get the same address, and so the same name. */
  readonly instance?: string
  readonly zone: string
  /** Auto Scaling group, Karpenter node pool, or "". */
  readonly group: string
  readonly reasons: readonly RolloverReason[]
  /** Pods that have to move. */
  readonly pods: number
  readonly ready: boolean
}

/**
 * The nodes that have to be replaced to be as the cluster is configured now, in the order to do it: broken ones first,
 * since they serve nobody; then zone after zone in turn, so that no zone loses two nodes running; emptiest first.
 * `further` gives reasons that a change yet to be made adds.
 */
export function rollover(
  index: FleetIndex,
  examination: Examination = examine(index),
  further: (node: NodeFacts) => readonly RolloverReason[] = () => [],
): RolloverNode[] {
  const groups = groupsByInstance(index)
  const candidates = examination.nodes.flatMap((node): RolloverNode[] => {
    const reasons = [...new Set([...reasonsFor(node, examination), ...further(node)])]
    if (reasons.length === 0) return []
    const instance = index.instanceOf(node)?.id ?? ""
    return [
      {
        node: node.name,
        ...(instance !== "" && { instance }),
        zone: index.zoneOf(node),
        group: groups.get(instance) ?? node.labels["karpenter.sh/nodepool"] ?? "",
        reasons,
        pods: examination.addressedPods(node).length,
        ready: node.ready,
      },
    ]
  })
  const broken = candidates.filter((c) => !c.ready).sort(emptiestFirst)
  const zones = [
    ...Map.groupBy(
      candidates.filter((c) => c.ready),
      (c) => c.zone,
    ),
  ]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, nodes]) => nodes.sort(emptiestFirst))
  return [...broken, ...inTurn(zones)]
}

function reasonsFor(
  node: NodeFacts,
  { index, podInterfaces, strayInterfaces }: Examination,
): RolloverReason[] {
  const berth = index.snapshot.cluster.daemonSet?.berth === true
  const reasons: RolloverReason[] = []
  const stray = strayInterfaces(node)
  if (stray.length > 0) {
    const limit = nodeCapacity(index, node)?.expected.interfaces ?? Number.POSITIVE_INFINITY
    const full = podInterfaces(node).length >= limit && stray.length === podInterfaces(node).length
    if (!berth) reasons.push("interfaces-elsewhere")
    else if (full) reasons.push("no-slot")
  }
  const capacity = nodeCapacity(index, node)
  const over =
    capacity !== undefined && (capacity.advertised ?? 0) > capacity.expected.podAddresses + 2
  return over ? [...reasons, "max-pods"] : reasons
}

function groupsByInstance({ snapshot }: FleetIndex): Map<string, string> {
  const groups = snapshot.aws?.autoScalingGroups ?? []
  return new Map(groups.flatMap((g) => g.instanceIds.map((id) => [id, g.name] as const)))
}

const emptiestFirst = (a: RolloverNode, b: RolloverNode) =>
  a.pods - b.pods || (a.node < b.node ? -1 : 1)

/** First of each list, then second of each, and so on. */
function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, i) =>
    lists.flatMap((list) => list.slice(i, i + 1)),
  ).flat()
}
