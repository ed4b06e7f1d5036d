import { isAvailable, isFinished, isReady, type LabPod } from "./pod.ts"
import { mergeConditions } from "./workload-condition.ts"
import type { ReplicaSet, ReplicaSetStatus } from "./workloads.ts"

export interface ReplicaSetPlan {
  create: number
  remove: LabPod[]
  status: ReplicaSetStatus
}

/**
 * Pods created or removed in one step; a larger difference takes several. Kubernetes' slow start exists for the same
 * reason: a quota or webhook that refuses every pod must not be asked thousands of times.
 */
const burst = 100

export function planReplicaSet(
  replicaSet: ReplicaSet,
  pods: readonly LabPod[],
  now: number,
): ReplicaSetPlan {
  const alive = pods.filter((p) => !isFinished(p) && !p.metadata.deletionTimestamp)
  const difference = (replicaSet.spec.replicas ?? 1) - alive.length
  const status = replicaSetStatus(replicaSet, alive, now)
  if (replicaSet.metadata.deletionTimestamp || difference === 0)
    return { create: 0, remove: [], status }
  if (difference > 0) return { create: Math.min(difference, burst), remove: [], status }
  const perNode = Map.groupBy(alive, (p) => p.spec.nodeName ?? "")
  const crowd = (p: LabPod) => perNode.get(p.spec.nodeName ?? "")?.length ?? 0
  const remove = alive
    .sort((a, b) => expendable(a, b) || crowd(b) - crowd(a) || newestFirst(a, b))
    .slice(0, Math.min(-difference, burst))
  return { create: 0, remove, status }
}

const deletionCost = (p: LabPod) =>
  Number(p.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0)
const phaseRank = (p: LabPod) =>
  ({ Pending: 0, Unknown: 1, Running: 2 })[p.status?.phase ?? "Pending"] ?? 0

/** Below zero when `a` is to go before `b`: unbound, then pending, then unready, then cheap (ReplicaSet API). */
function expendable(a: LabPod, b: LabPod): number {
  return (
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    phaseRank(a) - phaseRank(b) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    deletionCost(a) - deletionCost(b)
  )
}

const newestFirst = (a: LabPod, b: LabPod) =>
  (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "")

function replicaSetStatus(
  replicaSet: ReplicaSet,
  alive: readonly LabPod[],
  now: number,
): ReplicaSetStatus {
  const wanted = Object.entries(replicaSet.spec.template.metadata?.labels ?? {})
  const minReady = replicaSet.spec.minReadySeconds ?? 0
  // Set by the loop when a pod could not be created; it stays until one can.
  const failure = replicaSet.status?.conditions?.filter((c) => c.type === "ReplicaFailure")
  return {
    ...(replicaSet.metadata.generation === undefined
      ? {}
      : { observedGeneration: replicaSet.metadata.generation }),
    replicas: alive.length,
    fullyLabeledReplicas: alive.filter((p) =>
      wanted.every(([k, v]) => p.metadata.labels?.[k] === v),
    ).length,
    readyReplicas: alive.filter(isReady).length,
    availableReplicas: alive.filter((p) => isAvailable(p, minReady, now)).length,
    ...(failure?.length ? { conditions: failure } : {}),
  }
}

/** The condition of a ReplicaSet whose pods the API refuses to create, with the API's own words. */
export const replicaFailure = (
  replicaSet: ReplicaSet,
  message: string,
  now: number,
): ReplicaSetStatus["conditions"] =>
  mergeConditions(
    replicaSet.status?.conditions,
    [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message }],
    now,
  )
