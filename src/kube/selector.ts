import type { KubeObject } from "../api/meta.ts"

/** Label selector in its string form (`a=b,c!=d,e in (f,g),!h,i`), as a predicate over labels. */
export function labelPredicate(
  selector: string | undefined,
): (labels: Readonly<Record<string, string>>) => boolean {
  if (!selector) return () => true
  const terms = splitTerms(selector).map(labelTerm)
  return (labels) => terms.every((matches) => matches(labels))
}

type LabelTerm = (labels: Readonly<Record<string, string>>) => boolean

function splitTerms(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((t) => t.trim())
    .filter((t) => t !== "")
}

function labelTerm(term: string): LabelTerm {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term)
  if (set) {
    const [, key = "", operator, list = ""] = set
    const values = new Set(list.split(",").map((v) => v.trim()))
    return operator === "in"
      ? (labels) => labels[key] !== undefined && values.has(labels[key])
      : (labels) => labels[key] === undefined || !values.has(labels[key])
  }
  const equality = /^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(term)
  if (equality) {
    const [, key = "", operator, value = ""] = equality
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  }
  if (term.startsWith("!")) {
    const key = term.slice(1).trim()
    return (labels) => labels[key] === undefined
  }
  return (labels) => labels[term] !== undefined
}

/** Field selector (`spec.nodeName=a,metadata.namespace!=b`) as a predicate over an object. */
export function fieldPredicate(selector: string | undefined): (object: KubeObject) => boolean {
  if (!selector) return () => true
  const terms = splitTerms(selector).map((term) => {
    const [, path = "", operator = "=", value = ""] = /^([^!=]+)(==|=|!=)(.*)$/.exec(term) ?? []
    return { path: path.split("."), equal: operator !== "!=", value }
  })
  return (object) => terms.every((t) => (fieldAt(object, t.path) === t.value) === t.equal)
}

function fieldAt(object: unknown, path: readonly string[]): string {
  let value = object
  for (const key of path) {
    if (typeof value !== "object" || value === null) return ""
    value = (value as Record<string, unknown>)[key]
  }
  return value === undefined || value === null ? "" : String(value)
}
