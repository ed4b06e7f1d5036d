import { isAvailable, isFinished, isReady, type LabPod } from "./pod.ts"
import { revisionLabel } from "./revision-plan.ts"
import type { StatefulSet, StatefulSetStatus } from "./workloads.ts"

export interface StatefulSetSnapshot {
  set: StatefulSet
  pods: readonly LabPod[]
  /** Hash of the present template. */
  updateHash: string
  now: number
}

export interface StatefulSetPlan {
  create: { ordinal: number; hash: string }[]
  remove: LabPod[]
  status: StatefulSetStatus
}

export const ordinalOf = (pod: LabPod): number => Number(/-(\d+)$/.exec(pod.metadata.name)?.[1])

/** One step of a StatefulSet: lowest ordinal first when growing, highest first when shrinking or updating. */
export function planStatefulSet(snapshot: StatefulSetSnapshot): StatefulSetPlan {
  const { set, pods, updateHash } = snapshot
  const { revisionOf, currentHash } = revisions(snapshot)
  const plan: StatefulSetPlan = {
    create: [],
    remove: [],
    status: status(snapshot, currentHash, revisionOf),
  }
  if (set.metadata.deletionTimestamp) return plan
  const first = set.spec.ordinals?.start ?? 0
  const end = first + (set.spec.replicas ?? 1)
  const inOrder = set.spec.podManagementPolicy !== "Parallel"
  const byOrdinal = new Map(pods.map((p) => [ordinalOf(p), p]))
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  for (let ordinal = first; ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) plan.create.push({ ordinal, hash: ordinal < partition ? currentHash : updateHash })
    else if (isFinished(pod) && !pod.metadata.deletionTimestamp) plan.remove.push(pod)
    if (inOrder && !(pod && isReady(pod) && !pod.metadata.deletionTimestamp)) return plan
  }
  const surplus = pods
    .filter((p) => ordinalOf(p) < first || ordinalOf(p) >= end)
    .sort((a, b) => ordinalOf(b) - ordinalOf(a))
  if (surplus.length > 0) {
    if (!inOrder) plan.remove.push(...surplus.filter((p) => !p.metadata.deletionTimestamp))
    else if (surplus.every((p) => !p.metadata.deletionTimestamp)) plan.remove.push(surplus[0]!)
    return plan
  }
  if (set.spec.updateStrategy?.type === "OnDelete") return plan
  for (let ordinal = end - 1; ordinal >= Math.max(first, partition); ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (pod && revisionOf(pod) !== updateHash) {
      if (!pod.metadata.deletionTimestamp) plan.remove.push(pod)
      return plan
    }
    if (!pod || !isReady(pod)) return plan
  }
  return plan
}

/** Pods carry `NAME-HASH`. The current revision is that of status until every pod has the update's. */
function revisions({ set, updateHash }: StatefulSetSnapshot) {
  const prefix = `${set.metadata.name}-`
  const bare = (label: string | undefined) =>
    label?.startsWith(prefix) ? label.slice(prefix.length) : label
  return {
    revisionOf: (pod: LabPod) => bare(pod.metadata.labels?.[revisionLabel]),
    currentHash: bare(set.status?.currentRevision) ?? updateHash,
  }
}

function status(
  { set, pods, updateHash, now }: StatefulSetSnapshot,
  currentHash: string,
  revisionOf: (pod: LabPod) => string | undefined,
): StatefulSetStatus {
  const alive = pods.filter((p) => !isFinished(p) && !p.metadata.deletionTimestamp)
  const updated = alive.filter((p) => revisionOf(p) === updateHash).length
  const ready = alive.filter(isReady).length
  const wanted = set.spec.replicas ?? 1
  const done = updated === wanted && ready === wanted && alive.length === wanted
  const current = done ? updateHash : currentHash
  return {
    ...(set.metadata.generation === undefined
      ? {}
      : { observedGeneration: set.metadata.generation }),
    replicas: alive.length,
    readyReplicas: ready,
    availableReplicas: alive.filter((p) => isAvailable(p, set.spec.minReadySeconds ?? 0, now))
      .length,
    currentReplicas: alive.filter((p) => revisionOf(p) === current).length,
    updatedReplicas: updated,
    currentRevision: `${set.metadata.name}-${current}`,
    updateRevision: `${set.metadata.name}-${updateHash}`,
    collisionCount: 0,
  }
}
