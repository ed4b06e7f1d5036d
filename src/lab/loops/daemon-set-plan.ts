import type { Node } from "../../api/core.ts"
import { resolveIntOrPercent } from "./int-or-percent.ts"
import { matchesNodeAffinity, untolerated } from "./node-match.ts"
import { isAvailable, isFinished, isReady, type LabPod, type PodSpec } from "./pod.ts"
import { revisionLabel } from "./revision-plan.ts"
import type { DaemonSet, DaemonSetStatus } from "./workloads.ts"

export interface DaemonSetSnapshot {
  set: DaemonSet
  nodes: readonly Node[]
  pods: readonly LabPod[]
  updateHash: string
  now: number
}

export interface DaemonSetPlan {
  /** Names of nodes that need a pod. */
  create: string[]
  remove: LabPod[]
  status: DaemonSetStatus
}

const tolerated = [
  ["node.kubernetes.io/not-ready", "NoExecute"],
  ["node.kubernetes.io/unreachable", "NoExecute"],
  ["node.kubernetes.io/disk-pressure", "NoSchedule"],
  ["node.kubernetes.io/memory-pressure", "NoSchedule"],
  ["node.kubernetes.io/pid-pressure", "NoSchedule"],
  ["node.kubernetes.io/unschedulable", "NoSchedule"],
] as const

/**
 * The spec of the pod for one node: bound to it by affinity, so that the scheduler still checks resources, and
 * tolerating what the DaemonSet controller lets every daemon tolerate.
 */
export function daemonPodSpec(spec: PodSpec, node: string): PodSpec {
  const host = [["node.kubernetes.io/network-unavailable", "NoSchedule"]] as const
  const added = [...tolerated, ...(spec.hostNetwork ? host : [])].map(([key, effect]) => ({
    key,
    operator: "Exists",
    effect,
  }))
  const affinity = structuredClone(spec.affinity ?? {})
  // The node's name replaces the terms: they were checked when the node was chosen.
  affinity.nodeAffinity = {
    ...affinity.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] },
      ],
    },
  }
  return {
    ...structuredClone(spec),
    affinity,
    tolerations: [...(spec.tolerations ?? []), ...added],
  }
}

/** The node a daemon pod is for: where it runs, or what its affinity names while it is not bound. */
export function targetNode(pod: LabPod): string | undefined {
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      ?.nodeSelectorTerms
  return pod.spec.nodeName ?? terms?.[0]?.matchFields?.[0]?.values?.[0]
}

/** One step of a DaemonSet: a pod on every node that fits, and the rolling update within maxUnavailable. */
export function planDaemonSet(snapshot: DaemonSetSnapshot): DaemonSetPlan {
  const { set, nodes, pods, updateHash, now } = snapshot
  const byNode = Map.groupBy(pods, (p) => targetNode(p) ?? "")
  const available = (p: LabPod) => isAvailable(p, set.spec.minReadySeconds ?? 0, now)
  const plan: DaemonSetPlan = { create: [], remove: [], status: status(snapshot, byNode) }
  if (set.metadata.deletionTimestamp) return plan
  const replaceable: LabPod[] = []
  let unavailable = 0
  for (const node of nodes) {
    const here = byNode.get(node.metadata.name) ?? []
    const alive = here.filter((p) => !isFinished(p) && !p.metadata.deletionTimestamp)
    const mayRun = fits(set, node, ["NoSchedule", "NoExecute"])
    const mayStay = mayRun || fits(set, node, ["NoExecute"])
    plan.remove.push(...here.filter((p) => isFinished(p) && !p.metadata.deletionTimestamp))
    if (!mayStay) plan.remove.push(...alive)
    else if (alive.length === 0) {
      // A pod being deleted still holds its node's resources; the next one waits for it, as with maxSurge 0.
      if (mayRun && here.length === 0) plan.create.push(node.metadata.name)
      if (mayRun) unavailable++
    } else {
      const [keep, ...extra] = alive.sort(oldestFirst)
      plan.remove.push(...extra)
      if (!available(keep!)) unavailable++
      if (keep!.metadata.labels?.[revisionLabel] !== updateHash) replaceable.push(keep!)
    }
  }
  plan.remove.push(...podsOfGoneNodes(snapshot, byNode))
  if (set.spec.updateStrategy?.type === "OnDelete") return plan
  const allowed = resolveIntOrPercent(
    set.spec.updateStrategy?.rollingUpdate?.maxUnavailable,
    1,
    plan.status.desiredNumberScheduled,
    "up",
  )
  // Pods that do not serve anyway are replaced at once: replacing them costs no availability.
  const serving = replaceable.filter(available)
  plan.remove.push(...replaceable.filter((p) => !available(p)))
  plan.remove.push(...serving.slice(0, Math.max(0, Math.max(allowed, 1) - unavailable)))
  return plan
}

const oldestFirst = (a: LabPod, b: LabPod) =>
  Number(Boolean(b.spec.nodeName)) - Number(Boolean(a.spec.nodeName)) ||
  (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "")

function fits(set: DaemonSet, node: Node, effects: readonly string[]): boolean {
  const spec = set.spec.template.spec
  const { tolerations } = daemonPodSpec(spec, node.metadata.name)
  return matchesNodeAffinity(spec, node) && !untolerated(tolerations, node, effects)
}

/** Unbound pods whose node has gone; bound ones are the pod garbage collector's. */
function podsOfGoneNodes(
  { nodes }: DaemonSetSnapshot,
  byNode: ReadonlyMap<string, LabPod[]>,
): LabPod[] {
  const known = new Set(nodes.map((n) => n.metadata.name))
  return [...byNode]
    .filter(([node]) => !known.has(node))
    .flatMap(([, pods]) => pods.filter((p) => !p.spec.nodeName && !p.metadata.deletionTimestamp))
}

function status(
  { set, nodes, updateHash, now }: DaemonSetSnapshot,
  byNode: ReadonlyMap<string, LabPod[]>,
): DaemonSetStatus {
  const desired = nodes.filter((n) => fits(set, n, ["NoSchedule", "NoExecute"]))
  const runs = (node: Node) =>
    (byNode.get(node.metadata.name) ?? []).filter(
      (p) => !isFinished(p) && !p.metadata.deletionTimestamp,
    )
  const oldest = desired.flatMap((n) => runs(n).sort(oldestFirst).slice(0, 1))
  const available = oldest.filter((p) => isAvailable(p, set.spec.minReadySeconds ?? 0, now)).length
  return {
    ...(set.metadata.generation === undefined
      ? {}
      : { observedGeneration: set.metadata.generation }),
    currentNumberScheduled: oldest.length,
    desiredNumberScheduled: desired.length,
    numberMisscheduled: nodes.filter((n) => !desired.includes(n) && runs(n).length > 0).length,
    numberReady: oldest.filter(isReady).length,
    numberAvailable: available,
    numberUnavailable: desired.length - available,
    updatedNumberScheduled: oldest.filter((p) => p.metadata.labels?.[revisionLabel] === updateHash)
      .length,
  }
}
