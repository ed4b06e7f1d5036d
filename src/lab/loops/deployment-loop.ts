import type { Cluster } from "./cluster.ts"
import { planDeployment, revisionAnnotation } from "./deployment-plan.ts"
import { startLoop } from "./loop-queue.ts"
import { isOwnedBy } from "./owner.ts"
import { isFinished } from "./pod.ts"
import { canonicalJson } from "./template-hash.ts"
import type { Deployment } from "./workloads.ts"

export function deploymentLoop(cluster: Cluster): void {
  startLoop(cluster, {
    name: "deployment",
    over: cluster.deployments,
    children: [cluster.replicaSets as never],
    step: (deployment) => stepDeployment(cluster, deployment),
  })
}

async function stepDeployment(
  cluster: Cluster,
  deployment: Deployment,
): Promise<number | undefined> {
  const { deployments, replicaSets, record } = cluster
  const owned = replicaSets.ownedBy(deployment.metadata.uid)
  const plan = planDeployment({
    deployment,
    replicaSets: owned,
    oldPodsRunning: owned.some(
      (rs) =>
        (rs.spec.replicas ?? 1) === 0 &&
        cluster.pods.ownedBy(rs.metadata.uid).some((p) => !isFinished(p)),
    ),
    now: cluster.clock.now(),
  })
  const scaled = (direction: string, name: string, from: number, to: number) =>
    record(
      deployment,
      "Normal",
      "ScalingReplicaSet",
      `Scaled ${direction} replica set ${name} from ${from} to ${to}`,
    )
  if (plan.create) {
    const created = await replicaSets.create(plan.create)
    scaled("up", created.metadata.name, 0, created.spec.replicas ?? 1)
  }
  for (const { object, revision } of plan.revise) {
    const body = { metadata: { annotations: { [revisionAnnotation]: revision } } }
    if (isOwnedBy(object, deployment))
      await replicaSets.patch(replicaSets.get(keyIn(deployment, object.metadata.name))!, {
        type: "merge",
        body,
      })
    else await deployments.patch(deployment, { type: "merge", body })
  }
  for (const { replicaSet, to } of plan.scale) {
    const from = replicaSet.spec.replicas ?? 1
    await replicaSets.patch(replicaSet, { type: "merge", body: { spec: { replicas: to } } })
    scaled(to > from ? "up" : "down", replicaSet.metadata.name, from, to)
  }
  for (const replicaSet of plan.remove) await replicaSets.remove(replicaSet)
  if (canonicalJson(plan.status) !== canonicalJson(deployment.status ?? {}))
    await deployments.patchStatus(deployment, plan.status)
  // Only the passing of time ends a rollout that is stuck.
  const progressing = plan.status.conditions?.find((c) => c.type === "Progressing")
  return progressing?.reason === "ReplicaSetUpdated" ? 5_000 : undefined
}

const keyIn = (deployment: Deployment, name: string) => `${deployment.metadata.namespace}/${name}`
