import type { PodDisruptionBudget } from "../../api/core.ts"
import type { Resource } from "../../api/resources.ts"
import { keyOfObject } from "../../kube/resource-path.ts"
import { selects } from "../../placement/selector.ts"
import type { Cluster } from "./cluster.ts"
import { resolveIntOrPercent } from "./int-or-percent.ts"
import { startLoop } from "./loop-queue.ts"
import { controllerOf } from "./owner.ts"
import { isFinished, isReady, type LabPod } from "./pod.ts"
import { canonicalJson } from "./template-hash.ts"
import type { IntOrPercent } from "./workloads.ts"

/** policy/v1 PodDisruptionBudget, with what evictions are decided on. */
export interface Budget extends Omit<PodDisruptionBudget, "spec" | "status"> {
  spec?: NonNullable<PodDisruptionBudget["spec"]> & {
    minAvailable?: IntOrPercent
    maxUnavailable?: IntOrPercent
  }
  status?: BudgetStatus
}

export interface BudgetStatus {
  observedGeneration?: number
  disruptionsAllowed: number
  currentHealthy: number
  desiredHealthy: number
  expectedPods: number
  /** Pods whose eviction was allowed but whose deletion was not seen yet, with the time of the eviction. */
  disruptedPods?: Record<string, string>
}

export const budgets: Resource<Budget> = {
  group: "policy",
  version: "v1",
  plural: "poddisruptionbudgets",
  kind: "PodDisruptionBudget",
  namespaced: true,
}

/** How long an allowed eviction counts although its pod is still there (the disruption controller's DeletionTimeout). */
const evictionLostMs = 120_000

/** Keeps the status that the eviction API decides on. */
export function disruptionLoop(cluster: Cluster): void {
  const queue = startLoop(cluster, {
    name: "disruption",
    over: cluster.budgets,
    step: async (budget) => {
      const status = budgetStatus(
        budget,
        podsOf(cluster, budget),
        scaleOf(cluster),
        cluster.clock.now(),
      )
      if (canonicalJson(status) !== canonicalJson(budget.status ?? {})) {
        await cluster.budgets.patchStatus(budget, status)
      }
      return undefined
    },
  })
  // Pods do not name their budget: each change looks through the budgets of its namespace, which are few.
  cluster.pods.onChange((pod) => {
    for (const budget of cluster.budgets.list())
      if (covers(budget, pod)) queue.add(keyOfObject(budget))
  })
}

const covers = (budget: Budget, pod: LabPod): boolean =>
  budget.metadata.namespace === pod.metadata.namespace &&
  budget.spec?.selector !== undefined &&
  selects(budget.spec.selector, pod.metadata.labels)

const podsOf = (cluster: Cluster, budget: Budget): LabPod[] =>
  cluster.pods.list().filter((pod) => covers(budget, pod) && !isFinished(pod))

/** The replicas that a pod's controller wants; undefined for a pod of its own. */
type ScaleOf = (pod: LabPod) => { uid: string; replicas: number } | undefined

const scaleOf =
  (cluster: Cluster): ScaleOf =>
  (pod) => {
    const owner = controllerOf(pod)
    if (owner === undefined) return undefined
    const key = `${pod.metadata.namespace}/${owner.name}`
    const set =
      owner.kind === "ReplicaSet"
        ? cluster.replicaSets.get(key)
        : owner.kind === "StatefulSet"
          ? cluster.statefulSets.get(key)
          : undefined
    return set === undefined ? undefined : { uid: owner.uid, replicas: set.spec.replicas ?? 1 }
  }

/**
 * As the disruption controller counts: percentages and maxUnavailable are of the replicas that the controllers want,
 * not of the pods that happen to exist.
 */
export function budgetStatus(
  budget: Budget,
  pods: readonly LabPod[],
  scale: ScaleOf,
  now: number,
): BudgetStatus {
  const wanted = new Map(pods.flatMap((p) => scale(p) ?? []).map((s) => [s.uid, s.replicas]))
  const { minAvailable, maxUnavailable } = budget.spec ?? {}
  const total = [...wanted.values()].reduce((sum, n) => sum + n, 0)
  const expectedPods =
    maxUnavailable === undefined && typeof minAvailable === "number" ? pods.length : total
  const desiredHealthy =
    maxUnavailable === undefined
      ? resolveIntOrPercent(minAvailable, 1, expectedPods, "up")
      : Math.max(0, expectedPods - resolveIntOrPercent(maxUnavailable, 1, expectedPods, "up"))
  const disruptedPods = Object.fromEntries(
    Object.entries(budget.status?.disruptedPods ?? {}).filter(
      ([name, at]) =>
        now - Date.parse(at) < evictionLostMs &&
        pods.some((p) => p.metadata.name === name && !p.metadata.deletionTimestamp),
    ),
  )
  const currentHealthy = pods.filter(
    (p) => isReady(p) && !p.metadata.deletionTimestamp && !(p.metadata.name in disruptedPods),
  ).length
  return {
    ...(budget.metadata.generation === undefined
      ? {}
      : { observedGeneration: budget.metadata.generation }),
    disruptionsAllowed: expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
  }
}
