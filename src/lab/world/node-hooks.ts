import type { Node } from "../../api/core.ts"
import { nodes } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import type { Kube } from "../../kube/kube.ts"
import type { NodeGroup } from "../aws/eks/node-group.ts"
import type { NodeHooks } from "../aws/eks/roll-nodes.ts"
import { drainNode } from "../kubectl/drain.ts"

/** What EKS does to the nodes of its node groups, through the lab's Kubernetes API. */
export function nodeHooks(kube: Kube, clock: Clock, signal: AbortSignal): NodeHooks {
  const find = async (instanceId: string): Promise<Node | undefined> =>
    (await kube.list(nodes)).items.find((n) => n.spec?.providerID?.endsWith(`/${instanceId}`))
  const patch = async (instanceId: string, body: unknown) => {
    const node = await find(instanceId)
    if (node) await kube.patch(nodes, { name: node.metadata.name }, { type: "merge", body })
  }
  return {
    isReady: async (id) =>
      (await find(id))?.status?.conditions?.some(
        (c) => c.type === "Ready" && c.status === "True",
      ) === true,
    cordon: (id) => patch(id, { spec: { unschedulable: true } }),
    uncordon: (id) => patch(id, { spec: { unschedulable: null } }),
    async drain(id, timeoutMs) {
      const node = await find(id)
      return node === undefined || drainNode(kube, node.metadata.name, { clock, timeoutMs, signal })
    },
    async relabel(group, ids) {
      for (const id of ids) {
        const taints = taintsOf(group)
        await patch(id, { metadata: { labels: group.labels }, ...(taints && { spec: { taints } }) })
      }
    },
  }
}

/** A node's taints in the spelling of its API; undefined where the group says nothing, so that others' taints stay. */
function taintsOf({ taints }: NodeGroup) {
  const effects = {
    NO_SCHEDULE: "NoSchedule",
    NO_EXECUTE: "NoExecute",
    PREFER_NO_SCHEDULE: "PreferNoSchedule",
  } as const
  if (taints.length === 0) return undefined
  return taints.map((t) => ({ ...t, effect: effects[t.effect] }))
}
