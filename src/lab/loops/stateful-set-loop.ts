import type { Cluster } from "./cluster.ts"
import { createPods, removePods } from "./create-pods.ts"
import { keepHistory } from "./history.ts"
import { startLoop } from "./loop-queue.ts"
import { newPod } from "./new-pod.ts"
import type { LabPod } from "./pod.ts"
import { revisionLabel, revisionTemplate } from "./revision-plan.ts"
import { planStatefulSet } from "./stateful-set-plan.ts"
import { canonicalJson } from "./template-hash.ts"
import type { ControllerRevision, StatefulSet } from "./workloads.ts"

export function statefulSetLoop(cluster: Cluster): void {
  startLoop(cluster, {
    name: "statefulset",
    over: cluster.statefulSets,
    children: [cluster.pods as never],
    step: (set) => stepStatefulSet(cluster, set),
  })
}

async function stepStatefulSet(cluster: Cluster, set: StatefulSet): Promise<number | undefined> {
  const { hash, revisions } = await keepHistory(cluster, set)
  const plan = planStatefulSet({
    set,
    pods: cluster.pods.ownedBy(set.metadata.uid),
    updateHash: hash,
    now: cluster.clock.now(),
  })
  await removePods(cluster, set, plan.remove)
  const created = plan.create.map((c) => statefulPod(set, c.ordinal, c.hash, revisions))
  await createPods(cluster, set, created)
  if (canonicalJson(plan.status) !== canonicalJson(set.status ?? {}))
    await cluster.statefulSets.patchStatus(set, plan.status)
  const { readyReplicas, availableReplicas } = plan.status
  const waiting = readyReplicas !== availableReplicas
  return (set.spec.minReadySeconds ?? 0) > 0 && waiting ? 1_000 : undefined
}

/** A pod with the stable name and host name of its ordinal. */
function statefulPod(
  set: StatefulSet,
  ordinal: number,
  hash: string,
  revisions: readonly ControllerRevision[],
): LabPod {
  const name = `${set.metadata.name}-${ordinal}`
  const revision = revisions.find((r) => r.metadata.labels?.[revisionLabel] === hash)
  const template = (revision && revisionTemplate(revision)) ?? set.spec.template
  const pod = newPod(set, template, name, {
    "apps.kubernetes.io/pod-index": String(ordinal),
    "statefulset.kubernetes.io/pod-name": name,
    [revisionLabel]: `${set.metadata.name}-${hash}`,
  })
  const { serviceName } = set.spec
  pod.spec.hostname = name
  if (serviceName) pod.spec.subdomain = serviceName
  return pod
}
