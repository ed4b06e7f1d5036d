import { selects } from "../../../placement/selector.ts"
import { matchesNodeAffinity, untolerated } from "../node-match.ts"
import type { LabPod } from "../pod.ts"
import { allocatable, type NodeState, requestsOf } from "./node-state.ts"
import { domainHas, spread, termSelects } from "./topology.ts"

/** Why the pod cannot run on the node, in the words of kube-scheduler; empty when it can. */
type Filter = (pod: LabPod, state: NodeState, all: readonly NodeState[]) => string[]

const noSchedule = ["NoSchedule", "NoExecute"]
const when = (refused: boolean, reason: string) => (refused ? [reason] : [])

/** In the order of kube-scheduler's default profile; the first that refuses gives the reasons. */
const filters: readonly Filter[] = [
  function unschedulable(pod, { node }) {
    const tolerated = pod.spec.tolerations?.some(
      (t) => t.operator === "Exists" && (!t.key || t.key === "node.kubernetes.io/unschedulable"),
    )
    return when(Boolean(node.spec?.unschedulable) && !tolerated, "node(s) were unschedulable")
  },
  function taints(pod, { node }) {
    const taint = untolerated(pod.spec.tolerations, node, noSchedule)
    return taint ? [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`] : []
  },
  function nodeAffinity(pod, { node }) {
    return when(
      !matchesNodeAffinity(pod.spec, node),
      "node(s) didn't match Pod's node affinity/selector",
    )
  },
  function hostPorts(pod, { pods }) {
    const wanted = hostPortsOf(pod)
    const taken = new Set(pods.flatMap(hostPortsOf))
    return when(
      wanted.some((p) => taken.has(p)),
      "node(s) didn't have free ports for the requested pod ports",
    )
  },
  function resources(pod, state) {
    const full = when(state.pods.length + 1 > allocatable(state.node, "pods"), "Too many pods")
    const short = [...requestsOf(pod.spec)]
      .filter(([r, n]) => n > 0 && (state.requested.get(r) ?? 0) + n > allocatable(state.node, r))
      .map(([r]) => `Insufficient ${r}`)
    return [...full, ...short]
  },
  function topologySpread(pod, state, all) {
    for (const c of pod.spec.topologySpreadConstraints ?? []) {
      if (c.whenUnsatisfiable !== "DoNotSchedule") continue
      const counts = spread(c, pod, state, all)
      if (!counts)
        return ["node(s) didn't match pod topology spread constraints (missing required label)"]
      const self = selects(c.labelSelector ?? {}, pod.metadata.labels) ? 1 : 0
      if (counts.here + self - counts.least > c.maxSkew)
        return ["node(s) didn't match pod topology spread constraints"]
    }
    return []
  },
  function affinity(pod, state, all) {
    const terms =
      pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const unmet = terms.some((t) => {
      if (domainHas(t, pod, state, all)) return false
      // The first pod of a group that is affine to itself may go anywhere; otherwise it never could start.
      const nobody = !all.some((s) => s.pods.some((p) => termSelects(t, pod, p)))
      return !(nobody && termSelects(t, pod, pod))
    })
    return when(unmet, "node(s) didn't match pod affinity rules")
  },
  function antiAffinity(pod, state, all) {
    const terms =
      pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    return when(
      terms.some((t) => domainHas(t, pod, state, all)),
      "node(s) didn't match pod anti-affinity rules",
    )
  },
  function antiAffinityOfOthers(pod, state, all) {
    const refused = all.some((s) =>
      s.pods.some((other) =>
        other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(
          (t) =>
            termSelects(t, other, pod) &&
            s.node.metadata.labels?.[t.topologyKey] !== undefined &&
            s.node.metadata.labels[t.topologyKey] === state.node.metadata.labels?.[t.topologyKey],
        ),
      ),
    )
    return when(refused, "node(s) didn't satisfy existing pods anti-affinity rules")
  },
]

const hostPortsOf = (pod: LabPod): string[] =>
  pod.spec.containers.flatMap((c) =>
    (c.ports ?? [])
      .map((p) => ({ ...p, host: p.hostPort ?? (pod.spec.hostNetwork ? p.containerPort : 0) }))
      .filter((p) => p.host > 0)
      .map((p) => `${p.protocol ?? "TCP"}/${p.host}`),
  )

export interface Refusal {
  reasons: string[]
  /** False when no removal of pods could make the pod fit. */
  preemptionHelps: boolean
}

/** Undefined when the pod can run on the node. */
export function refusal(
  pod: LabPod,
  state: NodeState,
  all: readonly NodeState[],
): Refusal | undefined {
  for (const filter of filters) {
    const reasons = filter(pod, state, all)
    if (reasons.length > 0) return { reasons, preemptionHelps: dependsOnPods.has(filter.name) }
  }
  return undefined
}

/** Filters whose answer other pods decide. */
const dependsOnPods = new Set([
  "hostPorts",
  "resources",
  "topologySpread",
  "antiAffinity",
  "antiAffinityOfOthers",
])
