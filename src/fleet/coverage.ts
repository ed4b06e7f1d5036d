import { limitsOf } from "../vpc/instance-limits.ts"
import type { Subnet } from "../vpc/model.ts"
import { nodeCapacity } from "./capacity/node-capacity.ts"
import { nodeDemand } from "./capacity/node-demand.ts"
import { targetsOf } from "./capacity/warm-targets.ts"
import type { Examination } from "./doctor/examination.ts"
import type { NodeFacts } from "./snapshot.ts"

/** The subnets of one placement in one zone, against what its nodes want of them. */
export interface Place {
  readonly zone: string
  /** Such as `ENIConfig/us-west-2a`. */
  readonly object: string
  readonly subnets: readonly Subnet[]
  readonly nodes: readonly string[]
  /** Pods that have an address, and pods that wait for one. */
  readonly pods: number
  readonly waiting: number
  readonly free: number
  /** Addresses that the nodes' ENIs in these subnets hold now. */
  readonly held: number
  /** What the nodes would hold with as many pods as they advertise. */
  readonly atCapacity: number
}

export interface Coverage {
  readonly places: readonly Place[]
  /** Nodes without a placement, with the reason; one entry a reason. */
  readonly uncovered: readonly { readonly why: string; readonly nodes: readonly string[] }[]
}

/** Whether there is a place for every node's pods, and how full it is. O(nodes + pods + addresses). */
export function coverage(examination: Examination): Coverage {
  const { nodes, index, resolution } = examination
  const entries = nodes.map((node) => ({ node, answer: resolution(node) }))
  const placed = entries.flatMap(({ node, answer }) =>
    answer?.ok ? [{ node, placement: answer.placement }] : [],
  )
  const groups = Map.groupBy(placed, (p) => `${index.zoneOf(p.node)} ${p.placement.object}`)
  const places = [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const subnets = first.placement.subnets.map((option) => option.subnet)
    const members = group.map((p) => p.node)
    return [placeOf(first.placement.object, subnets, members, examination)]
  })
  const refused = entries.flatMap(({ node, answer }) => {
    if (answer === undefined) return [{ node, why: "its instance could not be read" }]
    return answer.ok ? [] : [{ node, why: answer.refusal.message }]
  })
  const uncovered = [...Map.groupBy(refused, (r) => r.why)].map(([why, group]) => ({
    why,
    nodes: group.map((r) => r.node.name),
  }))
  return { places, uncovered }
}

function placeOf(
  object: string,
  subnets: readonly Subnet[],
  nodes: readonly NodeFacts[],
  examination: Examination,
): Place {
  const { index, addressedPods } = examination
  const ids = new Set(subnets.map((subnet) => subnet.id))
  const pods = nodes.flatMap((node) => addressedPods(node))
  const [first] = nodes
  return {
    zone: first === undefined ? "" : index.zoneOf(first),
    object,
    subnets,
    nodes: nodes.map((node) => node.name),
    pods: pods.filter((pod) => pod.ip !== undefined).length,
    waiting: pods.filter((pod) => pod.ip === undefined && !pod.terminating).length,
    free: subnets.reduce((sum, subnet) => sum + subnet.availableAddresses, 0),
    held: nodes.reduce((sum, node) => sum + heldIn(ids, node, examination), 0),
    atCapacity: nodes.reduce((sum, node) => sum + atCapacity(node, examination), 0),
  }
}

function heldIn(ids: ReadonlySet<string>, node: NodeFacts, { podInterfaces }: Examination): number {
  return podInterfaces(node)
    .filter((iface) => ids.has(iface.subnetId))
    .reduce((sum, i) => sum + 1 + i.addresses.length + 16 * i.prefixes.length, 0)
}

function atCapacity(node: NodeFacts, { index, env }: Examination): number {
  const capacity = nodeCapacity(index, node)
  if (capacity === undefined) return 0
  const pods = Math.min(
    capacity.advertised ?? capacity.expected.recommended,
    capacity.expected.podAddresses,
  )
  const { customNetworking, prefixDelegation } = index.mode
  const targets = targetsOf(env, capacity.advertised ?? capacity.expected.recommended)
  const limits = limitsOf(capacity.type)
  return nodeDemand({ limits, pods, targets, customNetworking, prefixDelegation }).total
}
