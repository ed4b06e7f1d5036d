import { asArray, isObject, objectsAt, stringAt } from "../json.ts"

/** metav1.LabelSelector: an absent selector matches nothing, an empty one everything. */
export function matchesSelector(
  selector: unknown,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  if (!isObject(selector)) return false
  const wanted = isObject(selector.matchLabels) ? Object.entries(selector.matchLabels) : []
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    objectsAt(selector, "matchExpressions").every((term) => {
      const value = labels[stringAt(term, "key")]
      const listed = value !== undefined && asArray(term.values).includes(value)
      switch (term.operator) {
        case "In":
          return listed
        case "NotIn":
          return !listed
        case "Exists":
          return value !== undefined
        default:
          return value === undefined
      }
    })
  )
}

/** A label selector object in the text form: "app=web,tier in (a,b)"; "<none>" when it selects nothing by label. */
export function selectorText(selector: unknown): string {
  if (!isObject(selector)) return "<none>"
  const labels = isObject(selector.matchLabels) ? Object.entries(selector.matchLabels) : []
  const terms = [
    ...labels.map(([key, value]): [string, string] => [key, `${key}=${String(value)}`]),
    ...objectsAt(selector, "matchExpressions").map((term): [string, string] => {
      const key = stringAt(term, "key")
      const values = asArray(term.values).toSorted().join(",")
      switch (term.operator) {
        case "In":
          return [key, `${key} in (${values})`]
        case "NotIn":
          return [key, `${key} notin (${values})`]
        case "Exists":
          return [key, key]
        default:
          return [key, `!${key}`]
      }
    }),
  ]
  return (
    terms
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, text]) => text)
      .join(",") || "<none>"
  )
}
