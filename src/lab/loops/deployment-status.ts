import type { DeploymentSnapshot } from "./deployment-plan.ts"
import { rollingLimits } from "./rolling-limits.ts"
import { stamp } from "./stamp.ts"
import { mergeConditions, type Verdict } from "./workload-condition.ts"
import type { DeploymentStatus, ReplicaSet } from "./workloads.ts"

/** Status as `kubectl rollout status` and `kubectl wait` read it. */
export function deploymentStatus(
  { deployment, replicaSets, now }: DeploymentSnapshot,
  current: ReplicaSet | undefined,
): DeploymentStatus {
  const sum = (of: (status: NonNullable<ReplicaSet["status"]>) => number | undefined) =>
    replicaSets.reduce((n, rs) => n + (rs.status ? (of(rs.status) ?? 0) : 0), 0)
  const wanted = deployment.spec.replicas ?? 1
  const replicas = sum((s) => s.replicas)
  const updatedReplicas = current?.status?.replicas ?? 0
  const availableReplicas = sum((s) => s.availableReplicas)
  const complete = updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted
  const verdicts = [
    availability(availableReplicas, wanted - rollingLimits(deployment).unavailable),
    progress(deployment.metadata.name, current, complete),
  ]
  const counts = {
    replicas,
    updatedReplicas,
    readyReplicas: sum((s) => s.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, Math.max(replicas, wanted) - availableReplicas),
  }
  const moved = (Object.keys(counts) as (keyof typeof counts)[]).some(
    (k) => (deployment.status?.[k] ?? 0) !== counts[k],
  )
  const conditions = mergeConditions(deployment.status?.conditions, verdicts, now)
  return {
    ...(deployment.metadata.generation === undefined
      ? {}
      : { observedGeneration: deployment.metadata.generation }),
    ...counts,
    conditions: withDeadline(conditions, { deployment, moved, complete, now }),
  }
}

function availability(available: number, minimum: number): Verdict {
  return available >= minimum
    ? {
        type: "Available",
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      }
}

function progress(name: string, current: ReplicaSet | undefined, complete: boolean): Verdict {
  const set = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${name}"`
  return complete
    ? {
        type: "Progressing",
        status: "True",
        reason: "NewReplicaSetAvailable",
        message: `${set} has successfully progressed.`,
      }
    : {
        type: "Progressing",
        status: "True",
        reason: "ReplicaSetUpdated",
        message: `${set} is progressing.`,
      }
}

/** `lastUpdateTime` of Progressing is the clock of `progressDeadlineSeconds`: it moves with every progress made. */
function withDeadline(
  conditions: NonNullable<DeploymentStatus["conditions"]>,
  at: {
    deployment: DeploymentSnapshot["deployment"]
    moved: boolean
    complete: boolean
    now: number
  },
): NonNullable<DeploymentStatus["conditions"]> {
  const { deployment } = at
  const before = deployment.status?.conditions?.find((c) => c.type === "Progressing")
  const sameGeneration = deployment.status?.observedGeneration === deployment.metadata.generation
  if (at.complete || !before || !sameGeneration || deployment.spec.paused) return conditions
  const time = stamp(at.now)
  return conditions.map((c) => {
    if (c.type !== "Progressing") return c
    if (at.moved) return { ...c, lastUpdateTime: time }
    const deadline = (deployment.spec.progressDeadlineSeconds ?? 600) * 1000
    if (before.reason === "ProgressDeadlineExceeded") return before
    if (at.now - Date.parse(before.lastUpdateTime ?? time) < deadline)
      return { ...c, lastUpdateTime: before.lastUpdateTime ?? time }
    return {
      ...c,
      status: "False" as const,
      reason: "ProgressDeadlineExceeded",
      message: c.message.replace("is progressing", "has timed out progressing"),
      lastUpdateTime: time,
      lastTransitionTime: time,
    }
  })
}
