import type { Lease, Node } from "../../api/core.ts"
import { tolerates } from "./node-match.ts"
import type { LabPod, Taint } from "./pod.ts"
import { stamp } from "./stamp.ts"

/** As kube-controller-manager's --node-monitor-grace-period: a kubelet that silent is taken for dead. */
export const graceMs = 50_000
/** What admission gives pods that say nothing about unreachable nodes. */
const defaultTolerationMs = 300_000

const notReady = "node.kubernetes.io/not-ready"
const unreachable = "node.kubernetes.io/unreachable"
const unschedulable = "node.kubernetes.io/unschedulable"
const ours = new Set([notReady, unreachable, unschedulable])

type NodeCondition = NonNullable<NonNullable<Node["status"]>["conditions"]>[number]

export interface NodeHealth {
  taints: Taint[]
  /** Set when the kubelet fell silent: every condition becomes Unknown. */
  conditions?: NodeCondition[]
  /** When the kubelet counts as silent if it says nothing more; undefined when it does already. */
  silentInMs?: number
}

/** Judges a node by its kubelet's lease and Ready condition. */
export function judgeNode(node: Node, lease: Lease | undefined, now: number): NodeHealth {
  const renewed = Date.parse(lease?.spec.renewTime ?? node.metadata.creationTimestamp ?? "") || now
  const silentInMs = renewed + graceMs - now
  const silent = silentInMs <= 0
  const ready = node.status?.conditions?.find((c) => c.type === "Ready")
  const status = silent ? "Unknown" : (ready?.status ?? "False")
  const since = { timeAdded: stamp(now) }
  const wanted: Taint[] = []
  const add = (key: string, effect: string) => {
    const present = node.spec?.taints?.find((t) => t.key === key && t.effect === effect)
    wanted.push(present ?? { key, effect, ...(effect === "NoExecute" ? since : {}) })
  }
  if (node.spec?.unschedulable) add(unschedulable, "NoSchedule")
  if (status !== "True") {
    const key = status === "Unknown" ? unreachable : notReady
    add(key, "NoSchedule")
    add(key, "NoExecute")
  }
  const others = (node.spec?.taints ?? []).filter((t) => !ours.has(t.key))
  const unknown = (c: NodeCondition): NodeCondition => ({
    ...c,
    status: "Unknown",
    reason: "NodeStatusUnknown",
    message: "Kubelet stopped posting node status.",
    lastTransitionTime: stamp(now),
  })
  return {
    taints: [...others, ...wanted],
    ...(silent && ready?.status !== "Unknown"
      ? { conditions: (node.status?.conditions ?? []).map(unknown) }
      : {}),
    ...(silent ? {} : { silentInMs }),
  }
}

/** When a pod must leave because of the node's NoExecute taints: a time, or undefined for never. */
export function evictionTime(
  pod: LabPod,
  taints: readonly Taint[],
  now: number,
): number | undefined {
  const times = taints
    .filter((t) => t.effect === "NoExecute")
    .map((taint) => {
      const since = Date.parse((taint as { timeAdded?: string }).timeAdded ?? "") || now
      const matching = (pod.spec.tolerations ?? []).filter((t) => tolerates(t, taint))
      if (matching.length === 0) return ours.has(taint.key) ? since + defaultTolerationMs : since
      const seconds = matching.map((t) => t.tolerationSeconds ?? Number.POSITIVE_INFINITY)
      return since + Math.min(...seconds) * 1000
    })
  const first = Math.min(...times, Number.POSITIVE_INFINITY)
  return Number.isFinite(first) ? first : undefined
}
