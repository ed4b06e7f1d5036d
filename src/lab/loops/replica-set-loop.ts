import type { Cluster } from "./cluster.ts"
import { createPods, removePods } from "./create-pods.ts"
import { startLoop } from "./loop-queue.ts"
import { newPod } from "./new-pod.ts"
import { planReplicaSet, replicaFailure } from "./replica-set-plan.ts"
import { canonicalJson, nameSuffix } from "./template-hash.ts"
import type { ReplicaSet, ReplicaSetStatus } from "./workloads.ts"

export function replicaSetLoop(cluster: Cluster): void {
  startLoop(cluster, {
    name: "replicaset",
    over: cluster.replicaSets,
    children: [cluster.pods as never],
    step: (replicaSet) => stepReplicaSet(cluster, replicaSet),
  })
}

async function stepReplicaSet(
  cluster: Cluster,
  replicaSet: ReplicaSet,
): Promise<number | undefined> {
  const pods = cluster.pods.ownedBy(replicaSet.metadata.uid)
  const now = cluster.clock.now()
  const plan = planReplicaSet(replicaSet, pods, now)
  const created = Array.from({ length: plan.create }, () =>
    newPod(
      replicaSet,
      replicaSet.spec.template,
      `${replicaSet.metadata.name}-${nameSuffix(cluster.random)}`,
    ),
  )
  try {
    await createPods(cluster, replicaSet, created)
  } catch (error) {
    const conditions = replicaFailure(replicaSet, (error as Error).message, now) ?? []
    await writeStatus(cluster, replicaSet, { ...plan.status, conditions })
    throw error
  }
  await removePods(cluster, replicaSet, plan.remove)
  const { conditions: _, ...status } = plan.status
  await writeStatus(cluster, replicaSet, status)
  const minReady = replicaSet.spec.minReadySeconds ?? 0
  return minReady > 0 && status.availableReplicas !== status.readyReplicas ? 1_000 : undefined
}

async function writeStatus(
  { replicaSets }: Cluster,
  replicaSet: ReplicaSet,
  status: ReplicaSetStatus,
): Promise<void> {
  if (canonicalJson(status) !== canonicalJson(replicaSet.status ?? {}))
    await replicaSets.patchStatus(replicaSet, status)
}
