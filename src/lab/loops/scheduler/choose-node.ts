import type { LabPod } from "../pod.ts"
import { refusal } from "./filters.ts"
import type { NodeState } from "./node-state.ts"
import { score } from "./scores.ts"

export type Choice = { node: string } | { message: string }

/** The best node for the pod, or kube-scheduler's message why there is none. Ties go to the first name. */
export function chooseNode(pod: LabPod, states: readonly NodeState[]): Choice {
  if (states.length === 0) return { message: "no nodes available to schedule pods" }
  const reasons = new Map<string, number>()
  const preemption = new Map<string, number>()
  let best: { node: string; points: number } | undefined
  for (const state of states) {
    const refused = refusal(pod, state, states)
    if (refused) {
      for (const reason of refused.reasons) count(reasons, reason)
      count(
        preemption,
        refused.preemptionHelps
          ? "No preemption victims found for incoming pod"
          : "Preemption is not helpful for scheduling",
      )
      continue
    }
    const node = state.node.metadata.name
    const points = score(pod, state, states)
    if (!best || points > best.points || (points === best.points && node < best.node))
      best = { node, points }
  }
  if (best) return best
  const available = `0/${states.length} nodes are available`
  return {
    message: `${available}: ${histogram(reasons)}. preemption: ${available}: ${histogram(preemption)}.`,
  }
}

const count = (counts: Map<string, number>, key: string) =>
  counts.set(key, (counts.get(key) ?? 0) + 1)

const histogram = (counts: ReadonlyMap<string, number>) =>
  [...counts]
    .map(([reason, n]) => `${n} ${reason}`)
    .sort()
    .join(", ")
