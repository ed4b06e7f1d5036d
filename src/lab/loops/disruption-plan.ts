import { resolveIntOrPercent } from "./int-or-percent.ts"
import { isReady, type LabPod } from "./pod.ts"
import { mergeConditions } from "./workload-condition.ts"
import type { DisruptionBudget, DisruptionBudgetStatus } from "./workloads.ts"

/** An eviction that was granted this long ago and has not shown is taken for failed. */
const grantMs = 120_000

export interface BudgetSnapshot {
  budget: DisruptionBudget
  /** Those that its selector selects. */
  pods: readonly LabPod[]
  /** Replicas that the pods' controllers want, together. */
  scale: number
  now: number
}

/** How many pods may be evicted now (policy/v1 PodDisruptionBudget). */
export function budgetStatus({ budget, pods, scale, now }: BudgetSnapshot): DisruptionBudgetStatus {
  const { minAvailable, maxUnavailable } = budget.spec
  const expected =
    minAvailable === undefined || typeof minAvailable === "string" ? scale : pods.length
  const wanted =
    maxUnavailable === undefined
      ? resolveIntOrPercent(minAvailable, 1, expected, "up")
      : Math.max(0, expected - resolveIntOrPercent(maxUnavailable, 0, expected, "up"))
  const granted = stillGranted(budget, pods, now)
  const healthy = pods.filter(
    (p) => isReady(p) && !p.metadata.deletionTimestamp && !(p.metadata.name in granted),
  ).length
  const allowed = Math.max(0, healthy - wanted)
  const verdict = {
    type: "DisruptionAllowed",
    status: allowed > 0 ? ("True" as const) : ("False" as const),
    reason: allowed > 0 ? "SufficientPods" : "InsufficientPods",
    message: "",
  }
  return {
    ...(budget.metadata.generation === undefined
      ? {}
      : { observedGeneration: budget.metadata.generation }),
    currentHealthy: healthy,
    desiredHealthy: wanted,
    expectedPods: expected,
    disruptionsAllowed: expected === 0 ? 0 : allowed,
    ...(Object.keys(granted).length > 0 ? { disruptedPods: granted } : {}),
    conditions: mergeConditions(budget.status?.conditions, [verdict], now),
  }
}

/** Evictions whose pod has not begun to go yet: each counts against the budget until it does. */
function stillGranted(
  budget: DisruptionBudget,
  pods: readonly LabPod[],
  now: number,
): Record<string, string> {
  const waiting = Object.entries(budget.status?.disruptedPods ?? {}).filter(
    ([name, since]) =>
      now - Date.parse(since) < grantMs &&
      pods.some((p) => p.metadata.name === name && !p.metadata.deletionTimestamp),
  )
  return Object.fromEntries(waiting)
}
