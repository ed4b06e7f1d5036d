import { equal, isObject, type JsonObject, setField } from "../json.ts"

type List = readonly unknown[]
type MergeElement = (original: JsonObject, patch: JsonObject) => JsonObject

export const order = "$setElementOrder/"
export const deletion = "$deleteFromPrimitiveList/"

/** Thrown for a patch with a directive or a list that cannot be understood. */
export class StrategicMergeError extends Error {}

/** Merges two lists: values as sets, objects by their merge key; the order is the patch's where the two agree on none. */
export function mergeLists(
  original: List,
  patch: List,
  key: string | undefined,
  merge: MergeElement,
): List {
  if (![...original, ...patch].some(isObject)) {
    return inOrder([...new Set([...original, ...patch])], patch, original, undefined)
  }
  if (key === undefined) throw new StrategicMergeError("cannot merge lists without merge key")
  if (patch.some((p) => isObject(p) && p.$patch === "replace")) return withoutDirectives(patch)
  let merged = [...original]
  const kept: JsonObject[] = []
  for (const item of patch) {
    if (!isObject(item) || item[key] === undefined) {
      throw new StrategicMergeError(
        `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`,
      )
    }
    if (item.$patch === "delete") merged = merged.filter((m) => !sameElement(m, item, key))
    else kept.push(item)
  }
  for (const item of kept) {
    const index = merged.findIndex((m) => sameElement(m, item, key))
    const before = merged[index]
    if (isObject(before)) merged[index] = merge(before, item)
    else merged.push(withoutDirectives(item))
  }
  return inOrder(merged, kept, original, key)
}

export const removeValues = (list: List, values: List): List =>
  list.filter((v) => !values.some((gone) => equal(gone, v)))

/**
 * Sorts the elements named in `wanted` in that order, and weaves in the others where they stood in `before`: a named
 * element goes first unless `before` had both and says otherwise.
 */
export function inOrder(list: List, wanted: List, before: List, key: string | undefined): List {
  const rankIn = (order: List, v: unknown) => order.findIndex((o) => sameElement(o, v, key))
  const byRank = (order: List) => (a: unknown, b: unknown) => rankIn(order, a) - rankIn(order, b)
  const named = list.filter((v) => rankIn(wanted, v) >= 0).sort(byRank(wanted))
  const others = list.filter((v) => rankIn(wanted, v) < 0).sort(byRank(before))
  const out: unknown[] = []
  while (named.length > 0 && others.length > 0) {
    const a = rankIn(before, named[0])
    const b = rankIn(before, others[0])
    out.push(a >= 0 && b >= 0 && b < a ? others.shift() : named.shift())
  }
  return [...out, ...named, ...others]
}

/** Merge keys are compared as text, as Go's %v would print them. */
const sameElement = (a: unknown, b: unknown, key: string | undefined): boolean =>
  key !== undefined && isObject(a) && isObject(b) ? String(a[key]) === String(b[key]) : equal(a, b)

/** A value of the patch that meets nothing in the original: what it sets, without nulls and directives. */
export function withoutDirectives<T>(value: T): T
export function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((v) => !(isObject(v) && isDirectiveOnly(v)))
      .map((v) => withoutDirectives(v))
  }
  if (!isObject(value)) return value
  const out: JsonObject = {}
  for (const [field, member] of Object.entries(value)) {
    if (member === null || field === "$patch" || field === "$retainKeys") continue
    if (field.startsWith(order) || field.startsWith(deletion)) continue
    setField(out, field, withoutDirectives(member))
  }
  return out
}

const isDirectiveOnly = (item: JsonObject) =>
  item.$patch === "delete" || equal(item, { $patch: "replace" })
