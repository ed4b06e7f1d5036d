import type { Node } from "../../api/core.ts"
import type { NodeRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration } from "./pod.ts"

/** True when the node satisfies `nodeSelector` and the required node affinity. */
export function matchesNodeAffinity(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  if (Object.entries(spec.nodeSelector ?? {}).some(([k, v]) => labels[k] !== v)) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node))
}

/** Requirements of one term are ANDed; a term without any matches nothing (Kubernetes' rule). */
export function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  return (
    expressions.every((r) => holds(r, labels[r.key])) &&
    fields.every((r) => r.key === "metadata.name" && holds(r, node.metadata.name))
  )
}

function holds({ operator, values = [] }: NodeRequirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value)
    case "NotIn":
      return value === undefined || !values.includes(value)
    case "Exists":
      return value !== undefined
    case "DoesNotExist":
      return value === undefined
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0])
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0])
  }
}

export const tolerates = (toleration: Toleration, taint: Taint): boolean =>
  (!toleration.effect || toleration.effect === taint.effect) &&
  (!toleration.key || toleration.key === taint.key) &&
  (toleration.operator === "Exists"
    ? true
    : Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? ""))

/** The first taint with one of `effects` that no toleration covers. */
export const untolerated = (
  tolerations: readonly Toleration[] | undefined,
  node: Node,
  effects: readonly string[],
): Taint | undefined =>
  node.spec?.taints?.find(
    (taint) => effects.includes(taint.effect) && !tolerations?.some((t) => tolerates(t, taint)),
  )
