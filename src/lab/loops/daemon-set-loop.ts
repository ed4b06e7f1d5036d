import type { Cluster } from "./cluster.ts"
import { createPods, removePods } from "./create-pods.ts"
import { daemonPodSpec, planDaemonSet } from "./daemon-set-plan.ts"
import { keepHistory } from "./history.ts"
import { startLoop } from "./loop-queue.ts"
import { newPod } from "./new-pod.ts"
import { revisionLabel } from "./revision-plan.ts"
import { canonicalJson, nameSuffix } from "./template-hash.ts"
import type { DaemonSet } from "./workloads.ts"

export function daemonSetLoop(cluster: Cluster): void {
  const queue = startLoop(cluster, {
    name: "daemonset",
    over: cluster.daemonSets,
    children: [cluster.pods as never],
    step: (set) => stepDaemonSet(cluster, set),
  })
  // Cost: every DaemonSet for every change of a node; kubelets therefore write status only when it differs.
  cluster.nodes.onChange(() => {
    for (const { metadata } of cluster.daemonSets.list())
      queue.add(`${metadata.namespace}/${metadata.name}`)
  })
}

async function stepDaemonSet(cluster: Cluster, set: DaemonSet): Promise<number | undefined> {
  const { hash } = await keepHistory(cluster, set)
  const plan = planDaemonSet({
    set,
    nodes: cluster.nodes.list(),
    pods: cluster.pods.ownedBy(set.metadata.uid),
    updateHash: hash,
    now: cluster.clock.now(),
  })
  const { template } = set.spec
  const created = plan.create.map((node) => {
    const name = `${set.metadata.name}-${nameSuffix(cluster.random)}`
    const pod = newPod(set, template, name, { [revisionLabel]: hash })
    return { ...pod, spec: daemonPodSpec(template.spec, node) }
  })
  await removePods(cluster, set, plan.remove)
  await createPods(cluster, set, created)
  if (canonicalJson(plan.status) !== canonicalJson(set.status ?? {}))
    await cluster.daemonSets.patchStatus(set, plan.status)
  const { numberReady, numberAvailable } = plan.status
  return (set.spec.minReadySeconds ?? 0) > 0 && numberReady !== numberAvailable ? 1_000 : undefined
}
