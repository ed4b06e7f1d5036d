import type { LabPod } from "../pod.ts"
import { refusal } from "./filters.ts"
import { type NodeState, nodeStates } from "./node-state.ts"

/** Built-in classes; admission sets `priority` for others. */
const builtIn: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
}

export const priorityOf = (pod: LabPod): number =>
  pod.spec.priority ?? builtIn[pod.spec.priorityClassName ?? ""] ?? 0

export interface Preemption {
  node: string
  victims: LabPod[]
}

/** The node where the fewest pods of lower priority must go for `pod` to fit; undefined when none helps. */
export function findPreemption(pod: LabPod, states: readonly NodeState[]): Preemption | undefined {
  const priority = priorityOf(pod)
  let best: Preemption | undefined
  for (const state of states) {
    // A node where victims are already leaving is waited for, not robbed twice.
    if (state.pods.some((p) => p.metadata.deletionTimestamp && priorityOf(p) < priority)) continue
    const victims = victimsOn(pod, state, states)
    if (victims && (!best || victims.length < best.victims.length))
      best = { node: state.node.metadata.name, victims }
  }
  return best
}

function victimsOn(
  pod: LabPod,
  state: NodeState,
  states: readonly NodeState[],
): LabPod[] | undefined {
  const lower = state.pods
    .filter((p) => priorityOf(p) < priorityOf(pod))
    .sort(
      (a, b) =>
        priorityOf(a) - priorityOf(b) ||
        (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""),
    )
  const victims: LabPod[] = []
  for (const next of lower) {
    victims.push(next)
    const left = state.pods.filter((p) => !victims.includes(p))
    const without = nodeStates([state.node], left)[0]!
    const all = states.map((s) => (s === state ? without : s))
    if (!refusal(pod, without, all)) return victims
  }
  return undefined
}
