import type { Node } from "../../api/core.ts"
import { type Cluster, nodeLeaseNamespace } from "./cluster.ts"
import { startLoop } from "./loop-queue.ts"
import { evictionTime, judgeNode } from "./node-health.ts"
import { canonicalJson } from "./template-hash.ts"

/** Taints nodes by their readiness and evicts pods from those that stay silent. */
export function nodeLifecycleLoop(cluster: Cluster): void {
  const queue = startLoop(cluster, {
    name: "node-lifecycle",
    over: cluster.nodes,
    step: (node) => stepNode(cluster, node),
  })
  cluster.leases.onChange((lease) => {
    // A renewal matters only to a node that was given up; others wait for their own deadline.
    const node = cluster.nodes.get(lease.metadata.name)
    const ready = node?.status?.conditions?.find((c) => c.type === "Ready")
    if (node && ready?.status === "Unknown") queue.add(node.metadata.name)
  })
}

async function stepNode(cluster: Cluster, node: Node): Promise<number | undefined> {
  const { nodes, clock } = cluster
  const lease = cluster.leases.get(`${nodeLeaseNamespace}/${node.metadata.name}`)
  const health = judgeNode(node, lease, clock.now())
  if (health.conditions) {
    await nodes.patchStatus(node, { ...node.status, conditions: health.conditions })
    cluster.record(
      node,
      "Normal",
      "NodeNotReady",
      `Node ${node.metadata.name} status is now: NodeNotReady`,
    )
    await markPodsUnready(cluster, node)
    return 0
  }
  if (canonicalJson(health.taints) !== canonicalJson(node.spec?.taints ?? [])) {
    const { resourceVersion } = node.metadata
    // The version makes a taint that kubectl adds meanwhile a conflict, which is tried again, and not a loss.
    const body = { metadata: { resourceVersion }, spec: { taints: health.taints } }
    await nodes.patch(node, { type: "merge", body })
  }
  const evictInMs = await evict(cluster, node, health.taints)
  const waits = [health.silentInMs, evictInMs].filter((ms) => ms !== undefined)
  return waits.length > 0 ? Math.max(100, Math.min(...waits)) : undefined
}

/** Returns in how many ms the next pod is due. */
async function evict(
  cluster: Cluster,
  node: Node,
  taints: NonNullable<NonNullable<Node["spec"]>["taints"]>,
): Promise<number | undefined> {
  if (!taints.some((t) => t.effect === "NoExecute")) return undefined
  const now = cluster.clock.now()
  let next: number | undefined
  for (const pod of cluster.pods.list()) {
    if (pod.spec.nodeName !== node.metadata.name || pod.metadata.deletionTimestamp) continue
    const at = evictionTime(pod, taints, now)
    if (at === undefined) continue
    if (at > now) {
      next = Math.min(next ?? Number.POSITIVE_INFINITY, at - now)
      continue
    }
    const { namespace, name } = pod.metadata
    const message = `Marking for deletion Pod ${namespace}/${name}`
    cluster.record(pod, "Normal", "TaintManagerEviction", message)
    await cluster.pods.remove(pod)
  }
  return next
}

/** Nobody can say whether the pods of a silent node serve, so they count as not ready. */
async function markPodsUnready(cluster: Cluster, node: Node): Promise<void> {
  for (const pod of cluster.pods.list()) {
    if (pod.spec.nodeName !== node.metadata.name) continue
    const conditions = pod.status?.conditions ?? []
    if (!conditions.some((c) => c.type === "Ready" && c.status === "True")) continue
    const unready = conditions.map((c) =>
      c.type === "Ready" ? { ...c, status: "False", reason: "NodeNotReady" } : c,
    )
    const body = { status: { conditions: unready } }
    await cluster.pods.patch(pod, { type: "merge", subresource: "status", body })
  }
}
