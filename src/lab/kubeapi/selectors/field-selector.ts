import { badRequest } from "../api-error.ts"
import { at } from "../json.ts"

export interface FieldTerm {
  readonly path: string
  readonly equal: boolean
  readonly value: string
}

/** Parses "spec.nodeName=a,status.phase!=Failed"; throws 400 for a malformed term or a path that is not selectable. */
export function parseFieldSelector(text: string, selectable: ReadonlySet<string>): FieldTerm[] {
  if (text.trim() === "") return []
  return text.split(/(?<!\\),/).map((term) => {
    const match = /^([^=!]+?)(!=|==|=)(.*)$/s.exec(term.trim())
    if (!match) {
      throw badRequest(
        `invalid selector: ${JSON.stringify(text)}; can't understand ${JSON.stringify(term)}`,
      )
    }
    const [, path = "", operator, value = ""] = match
    if (!selectable.has(path)) throw badRequest(`field label not supported: ${path}`)
    return { path, equal: operator !== "!=", value: value.replace(/\\(.)/g, "$1") }
  })
}

/** True when every term holds; an absent field reads as the empty text. */
export const matchesFields = (terms: readonly FieldTerm[], object: unknown): boolean =>
  terms.every((t) => (fieldText(object, t.path) === t.value) === t.equal)

function fieldText(object: unknown, path: string): string {
  const value = at(object, ...path.split("."))
  if (value === undefined || value === null) return emptyText[path] ?? ""
  return String(value)
}

/** Go's zero values of fields that are not text. */
const emptyText: Readonly<Record<string, string>> = {
  "spec.unschedulable": "false",
  "spec.hostNetwork": "false",
  "status.replicas": "0",
  "status.successful": "false",
}
