import type { LabelSelector } from "../api/meta.ts"

type Labels = Readonly<Record<string, string>>

/**
 * Whether a metav1.LabelSelector selects `labels`. Requirements are ANDed; an empty selector selects everything; a
 * malformed one (unknown operator, In without values) selects nothing, as apimachinery's conversion would fail.
 */
export function selects(selector: LabelSelector, labels: Labels = {}): boolean {
  const value = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  const exact = Object.entries(selector.matchLabels ?? {}).every(([k, v]) => value(k) === v)
  return exact && (selector.matchExpressions ?? []).every((e) => holds(e, value(e.key)))
}

type Requirement = NonNullable<LabelSelector["matchExpressions"]>[number]

function holds(requirement: Requirement, value: string | undefined): boolean {
  const values = requirement.values ?? []
  switch (requirement.operator) {
    case "In":
      return value !== undefined && values.includes(value)
    case "NotIn":
      // A missing key satisfies NotIn (labels.Requirement.Matches).
      return values.length > 0 && (value === undefined || !values.includes(value))
    case "Exists":
      return values.length === 0 && value !== undefined
    case "DoesNotExist":
      return values.length === 0 && value === undefined
    default:
      return false
  }
}
