import { nodes } from "../../api/resources.ts"
import type { Cluster } from "./cluster.ts"
import { startLoop } from "./loop-queue.ts"
import type { LabPod } from "./pod.ts"

/** A node may be registered anew at once (a restarted kubelet); only after this is its absence believed. */
const quarantineMs = 2_000

/** Removes the pods of nodes that are gone: no kubelet will ever confirm their end. */
export function podGarbageLoop(cluster: Cluster): void {
  const missingSince = new Map<string, number>()
  const queue = startLoop(cluster, {
    name: "pod-garbage",
    over: cluster.pods,
    step: async (pod) => await collect(cluster, pod, missingSince),
  })
  cluster.nodes.onChange((node) => {
    const { name } = node.metadata
    if (cluster.nodes.get(name)) {
      missingSince.delete(name)
      return
    }
    for (const pod of cluster.pods.list())
      if (pod.spec.nodeName === name) queue.add(`${pod.metadata.namespace}/${pod.metadata.name}`)
  })
}

async function collect(
  cluster: Cluster,
  pod: LabPod,
  missingSince: Map<string, number>,
): Promise<number | undefined> {
  const node = pod.spec.nodeName
  if (!node || cluster.nodes.get(node)) return undefined
  const now = cluster.clock.now()
  const since = missingSince.get(node) ?? now
  missingSince.set(node, since)
  if (now < since + quarantineMs) return since + quarantineMs - now
  // The cache may lag behind a node just created; only the API's word ends a pod.
  if (await cluster.kube.get(nodes, node)) return quarantineMs
  await cluster.pods.remove(pod, { gracePeriodSeconds: 0 })
  return undefined
}
