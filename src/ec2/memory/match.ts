import type { Tags } from "../../vpc/model.ts"
import type { Filter } from "../filter.ts"
import { invalid, notFound } from "./fault.ts"
import type { View } from "./table.ts"

/** What a filter can ask of a row: filter name to the row's values. Tags are known everywhere. */
export type FilterFields<T> = Readonly<
  Record<string, (row: T) => string | readonly string[] | undefined>
>

export interface Lookup<T> {
  readonly ids?: readonly string[]
  readonly filters?: readonly Filter[]
  readonly fields: FilterFields<T>
}

/**
 * Rows with the wanted ids (all when none) that match every filter, as describe calls select them. An unknown id or
 * filter name is a fault. Cost: the ids, or the whole view.
 */
export function select<T extends { readonly id: string; readonly tags: Tags }>(
  view: View<T>,
  lookup: Lookup<T>,
): T[] {
  const tests = (lookup.filters ?? []).map((filter) => testOf(filter, lookup.fields))
  const matches = (row: T) => tests.every((test) => test(row))
  const { ids = [] } = lookup
  if (ids.length === 0) return [...view.all()].filter(matches)
  const rows = [...new Set(ids)].map((id) => {
    const row = view.get(id)
    if (row === undefined) throw notFound(id)
    return row
  })
  return rows.filter(matches)
}

function testOf<T extends { readonly tags: Tags }>(
  { name, values }: Filter,
  fields: FilterFields<T>,
): (row: T) => boolean {
  const patterns = values.map(wildcard)
  const any = (value: string | undefined) =>
    value !== undefined && patterns.some((pattern) => pattern(value))
  if (name === "tag-key") return (row) => Object.keys(row.tags).some(any)
  if (name === "tag-value") return (row) => Object.values(row.tags).some(any)
  if (name.startsWith("tag:")) {
    const key = name.slice("tag:".length)
    return (row) => any(Object.hasOwn(row.tags, key) ? row.tags[key] : undefined)
  }
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (field === undefined) throw invalid(`The filter '${name}' is invalid`)
  return (row) => {
    const value = field(row)
    return typeof value === "object" ? value.some(any) : any(value)
  }
}

/** `*` stands for any text, `?` for one character, a backslash makes the next one ordinary. Case matters. */
function wildcard(pattern: string): (value: string) => boolean {
  if (!/[*?\\]/.test(pattern)) return (value) => value === pattern
  const source = pattern.replace(/\\([\s\S])|[\s\S]/g, (char, escaped: string | undefined) => {
    if (escaped !== undefined) return quoted(escaped)
    if (char === "*") return "[\\s\\S]*"
    return char === "?" ? "[\\s\\S]" : quoted(char)
  })
  const regex = new RegExp(`^${source}$`)
  return (value) => regex.test(value)
}

const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")
