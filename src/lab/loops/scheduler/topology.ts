import { selects } from "../../../placement/selector.ts"
import { matchesNodeAffinity } from "../node-match.ts"
import type { LabPod, PodAffinityTerm, TopologySpread } from "../pod.ts"
import type { NodeState } from "./node-state.ts"

const domainOf = (state: NodeState, key: string) => state.node.metadata.labels?.[key]

/** True when an affinity term of `pod` speaks of `other`. Namespace selectors other than "all" are not modelled. */
export function termSelects(term: PodAffinityTerm, pod: LabPod, other: LabPod): boolean {
  const everywhere = term.namespaceSelector && Object.keys(term.namespaceSelector).length === 0
  const namespaces = term.namespaces?.length ? term.namespaces : [pod.metadata.namespace]
  if (!everywhere && !namespaces.includes(other.metadata.namespace)) return false
  return term.labelSelector !== undefined && selects(term.labelSelector, other.metadata.labels)
}

/** True when a pod that `term` speaks of runs in the same domain as `state`. */
export function domainHas(
  term: PodAffinityTerm,
  pod: LabPod,
  state: NodeState,
  all: readonly NodeState[],
): boolean {
  const domain = domainOf(state, term.topologyKey)
  if (domain === undefined) return false
  return all.some(
    (s) =>
      domainOf(s, term.topologyKey) === domain && s.pods.some((p) => termSelects(term, pod, p)),
  )
}

/** Pods that the constraint counts, in the domain of `state` and in the emptiest eligible domain. */
export function spread(
  constraint: TopologySpread,
  pod: LabPod,
  state: NodeState,
  all: readonly NodeState[],
): { here: number; least: number } | undefined {
  const domain = domainOf(state, constraint.topologyKey)
  if (domain === undefined) return undefined
  const counts = new Map<string, number>()
  for (const s of all) {
    const d = domainOf(s, constraint.topologyKey)
    // As nodeAffinityPolicy's default, Honor: nodes that the pod may not use make no domain.
    if (d === undefined || !matchesNodeAffinity(pod.spec, s.node)) continue
    const matching = s.pods.filter(
      (p) =>
        !p.metadata.deletionTimestamp &&
        p.metadata.namespace === pod.metadata.namespace &&
        selects(constraint.labelSelector ?? {}, p.metadata.labels),
    ).length
    counts.set(d, (counts.get(d) ?? 0) + matching)
  }
  // With fewer domains than minDomains the missing ones count as empty.
  const few = counts.size < (constraint.minDomains ?? 1)
  return { here: counts.get(domain) ?? 0, least: few ? 0 : Math.min(...counts.values()) }
}
