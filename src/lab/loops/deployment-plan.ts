import type { KubeObject } from "../../api/meta.ts"
import { deploymentStatus } from "./deployment-status.ts"
import { controllerReference } from "./owner.ts"
import { rollingLimits } from "./rolling-limits.ts"
import { templateHash } from "./template-hash.ts"
import type { Deployment, DeploymentStatus, ReplicaSet } from "./workloads.ts"

export const revisionAnnotation = "deployment.kubernetes.io/revision"
const hashLabel = "pod-template-hash"

export interface DeploymentSnapshot {
  deployment: Deployment
  /** Those it controls, in any order. */
  replicaSets: readonly ReplicaSet[]
  /** True while a pod of an old ReplicaSet still runs: Recreate waits for it. */
  oldPodsRunning: boolean
  now: number
}

export interface DeploymentPlan {
  create?: ReplicaSet
  scale: { replicaSet: ReplicaSet; to: number }[]
  /** ReplicaSets whose revision annotation must be set. */
  revise: { object: KubeObject; revision: string }[]
  /** Beyond the revision history limit. */
  remove: ReplicaSet[]
  status: DeploymentStatus
}

const size = (rs: ReplicaSet) => rs.spec.replicas ?? 1
const available = (rs: ReplicaSet) => rs.status?.availableReplicas ?? 0
const total = (sets: readonly ReplicaSet[], of: (rs: ReplicaSet) => number) =>
  sets.reduce((sum, rs) => sum + of(rs), 0)
const revisionOf = (o: KubeObject) => Number(o.metadata.annotations?.[revisionAnnotation] ?? 0)
const oldestFirst = (a: ReplicaSet, b: ReplicaSet) =>
  (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "") ||
  revisionOf(a) - revisionOf(b)

/** One step of a rollout: what to create, scale and remove now. The next change of a ReplicaSet asks again. */
export function planDeployment(snapshot: DeploymentSnapshot): DeploymentPlan {
  const { deployment } = snapshot
  const hash = templateHash(deployment.spec.template)
  const current = snapshot.replicaSets.find((rs) => rs.metadata.labels?.[hashLabel] === hash)
  const old = snapshot.replicaSets.filter((rs) => rs !== current).sort(oldestFirst)
  const plan: DeploymentPlan = {
    scale: [],
    revise: [],
    remove: [],
    status: deploymentStatus(snapshot, current),
  }
  if (deployment.metadata.deletionTimestamp) return plan
  if (deployment.spec.paused) {
    // A paused Deployment still follows `kubectl scale`, on the ReplicaSet that serves it.
    const serving = current ?? old.at(-1)
    if (serving && old.filter((rs) => size(rs) > 0 && rs !== serving).length === 0)
      setScale(plan, serving, deployment.spec.replicas ?? 1)
    return plan
  }
  planRevision(plan, deployment, current, old)
  if (deployment.spec.strategy?.type === "Recreate") planRecreate(plan, snapshot, current, old)
  else planRolling(plan, deployment, current, old)
  if (isComplete(deployment, plan.status)) plan.remove = beyondHistory(deployment, old)
  return plan
}

function planRevision(
  plan: DeploymentPlan,
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): void {
  const newest = Math.max(0, ...old.map(revisionOf))
  const revision = String(
    current && revisionOf(current) > newest ? revisionOf(current) : newest + 1,
  )
  for (const object of current ? [deployment, current] : [deployment])
    if (object.metadata.annotations?.[revisionAnnotation] !== revision)
      plan.revise.push({ object, revision })
  if (!current) plan.create = newReplicaSet(deployment, revision)
}

function newReplicaSet(deployment: Deployment, revision: string): ReplicaSet {
  const { selector, template, minReadySeconds } = deployment.spec
  const hash = templateHash(template)
  const { "kubectl.kubernetes.io/last-applied-configuration": _, ...annotations } =
    deployment.metadata.annotations ?? {}
  const labels = { ...template.metadata?.labels, [hashLabel]: hash }
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      ...(deployment.metadata.namespace ? { namespace: deployment.metadata.namespace } : {}),
      labels,
      annotations: { ...annotations, [revisionAnnotation]: revision },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
      ...(minReadySeconds ? { minReadySeconds } : {}),
    },
  }
}

function setScale(plan: DeploymentPlan, replicaSet: ReplicaSet, to: number): void {
  if (size(replicaSet) !== to) plan.scale.push({ replicaSet, to })
}

function planRecreate(
  plan: DeploymentPlan,
  { deployment, oldPodsRunning }: DeploymentSnapshot,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): void {
  for (const rs of old) setScale(plan, rs, 0)
  if (old.some((rs) => size(rs) > 0) || oldPodsRunning) {
    delete plan.create
    return
  }
  const wanted = deployment.spec.replicas ?? 1
  if (plan.create) plan.create.spec.replicas = wanted
  else if (current) setScale(plan, current, wanted)
}

/** The rolling update of the Deployment API: at most `maxSurge` pods too many, at most `maxUnavailable` too few. */
function planRolling(
  plan: DeploymentPlan,
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): void {
  const wanted = deployment.spec.replicas ?? 1
  const { surge, unavailable } = rollingLimits(deployment)
  const oldSize = total(old, size)
  const now = current ? size(current) : 0
  const room = wanted + surge - oldSize - now
  const next = now > wanted ? wanted : now + Math.max(0, Math.min(room, wanted - now))
  if (plan.create) plan.create.spec.replicas = next
  else if (current) setScale(plan, current, next)

  const minAvailable = wanted - unavailable
  const newUnavailable = current ? Math.max(0, now - available(current)) : 0
  let removable = oldSize + now - minAvailable - newUnavailable
  // Pods that do not serve anyway go first, whatever is available: they cannot be missed.
  const left = new Map(old.map((rs) => [rs, size(rs)]))
  for (const rs of old) {
    const broken = Math.min(size(rs) - available(rs), Math.max(0, removable))
    if (broken <= 0) continue
    left.set(rs, size(rs) - broken)
    removable -= broken
  }
  const serving = total(old, available) + (current ? available(current) : 0)
  let spare = Math.min(removable, serving - minAvailable)
  for (const rs of old) {
    const drop = Math.min(left.get(rs) ?? 0, Math.max(0, spare))
    left.set(rs, (left.get(rs) ?? 0) - drop)
    spare -= drop
  }
  for (const [rs, to] of left) setScale(plan, rs, to)
}

const isComplete = (deployment: Deployment, status: DeploymentStatus): boolean => {
  const wanted = deployment.spec.replicas ?? 1
  return (
    status.updatedReplicas === wanted &&
    status.replicas === wanted &&
    status.availableReplicas === wanted
  )
}

function beyondHistory(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const idle = old.filter((rs) => size(rs) === 0 && (rs.status?.replicas ?? 0) === 0)
  const keep = deployment.spec.revisionHistoryLimit ?? 10
  return [...idle]
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, idle.length - keep))
}
