import { matchesTerm, untolerated } from "../node-match.ts"
import { controllerOf } from "../owner.ts"
import type { LabPod } from "../pod.ts"
import { allocatable, type NodeState, requestsOf } from "./node-state.ts"
import { domainHas, spread } from "./topology.ts"

/** Points for a node, higher is better; each score is worth about 100 at most, times its weight. */
type Score = (pod: LabPod, state: NodeState, all: readonly NodeState[]) => number

const weights: readonly (readonly [weight: number, score: Score])[] = [
  [1, leastAllocated],
  [2, spreadOwner],
  [2, spreadPreferred],
  [2, preferredNodes],
  [2, preferredNeighbours],
  [
    3,
    (pod, { node }) => (untolerated(pod.spec.tolerations, node, ["PreferNoSchedule"]) ? -100 : 0),
  ],
]

export const score: Score = (pod, state, all) =>
  weights.reduce((sum, [weight, of]) => sum + weight * of(pod, state, all), 0)

/** Share of cpu, memory and pod slots left free. */
function leastAllocated(pod: LabPod, state: NodeState): number {
  const asked = requestsOf(pod.spec)
  const free = ["cpu", "memory", "pods"].map((r) => {
    const room = allocatable(state.node, r)
    const used =
      r === "pods" ? state.pods.length : (state.requested.get(r) ?? 0) + (asked.get(r) ?? 0)
    return room > 0 ? (room - used) / room : 0
  })
  return (100 * free.reduce((a, b) => a + b, 0)) / free.length
}

/** Pods of one controller apart: by host and by zone, as kube-scheduler's default constraints do. */
function spreadOwner(pod: LabPod, state: NodeState, all: readonly NodeState[]): number {
  const owner = controllerOf(pod)
  if (!owner) return 0
  const count = (states: readonly NodeState[]) =>
    states.reduce((n, s) => n + s.pods.filter((p) => controllerOf(p)?.uid === owner.uid).length, 0)
  const zone = state.node.metadata.labels?.["topology.kubernetes.io/zone"]
  const sameZone = all.filter(
    (s) => s.node.metadata.labels?.["topology.kubernetes.io/zone"] === zone,
  )
  const total = Math.max(1, count(all))
  return -50 * (count([state]) / total) - 50 * (count(sameZone) / total)
}

function spreadPreferred(pod: LabPod, state: NodeState, all: readonly NodeState[]): number {
  const soft = (pod.spec.topologySpreadConstraints ?? []).filter(
    (c) => c.whenUnsatisfiable !== "DoNotSchedule",
  )
  return soft.reduce((sum, c) => {
    const counts = spread(c, pod, state, all)
    return sum - (counts ? 20 * (counts.here - counts.least) : 100)
  }, 0)
}

function preferredNodes(pod: LabPod, { node }: NodeState): number {
  const preferred =
    pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return preferred.reduce((n, p) => n + (matchesTerm(p.preference, node) ? p.weight : 0), 0)
}

function preferredNeighbours(pod: LabPod, state: NodeState, all: readonly NodeState[]): number {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  const points = (rules: typeof podAffinity) =>
    (rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).reduce(
      (n, p) => n + (domainHas(p.podAffinityTerm, pod, state, all) ? p.weight : 0),
      0,
    )
  return points(podAffinity) - points(podAntiAffinity)
}
