import { isObject, type JsonObject, setField } from "../json.ts"
import type { Schema } from "../types/schema.ts"
import { emptySet, type FieldSet, isEmptySet } from "./field-set.ts"
import { elementOf, isNamedField, itemsOf, schemaBelow, shapeOf } from "./typed.ts"

/** `live` with what `applied` says on top: maps and keyed lists merge, everything else is replaced. */
export function mergeApplied(schema: Schema | undefined, live: unknown, applied: unknown): unknown {
  if (applied === undefined || (applied === null && live !== undefined)) return applied ?? live
  if (live === undefined || live === null) return applied
  const shape = shapeOf(schema, applied, live)
  if (shape === "map" && isObject(live) && isObject(applied)) {
    const out: JsonObject = { ...live }
    for (const [field, value] of Object.entries(applied)) {
      setField(out, field, mergeApplied(schemaBelow(schema, `f:${field}`), live[field], value))
    }
    return out
  }
  if (shape === "list" && Array.isArray(live) && Array.isArray(applied)) {
    return mergeItems(schema, live, applied)
  }
  return applied
}

/** Items of both lists: those of `applied` in its order, the others of `live` where they stand between them. */
function mergeItems(
  schema: Schema | undefined,
  live: readonly unknown[],
  applied: readonly unknown[],
): unknown[] {
  const wanted = itemsOf(schema, applied)
  const present = itemsOf(schema, live)
  const merge = (element: string) =>
    mergeApplied(schema?.items, present.get(element), wanted.get(element))
  const left = live.map((item, i) => ({ item, element: elementOf(schema, item, i) }))
  const right = [...wanted.keys()]
  const shared = right.filter((element) => present.has(element))
  const done = new Set<string>()
  const out: unknown[] = []
  for (let l = 0, r = 0; l < left.length || r < right.length; ) {
    const mine = left[l]
    const theirs = right[r]
    if (mine && theirs !== undefined) {
      if (mine.element === theirs) {
        out.push(merge(theirs))
        done.add(theirs)
        l++
        r++
        shared.shift()
        continue
      }
      // Both lists have it, but in another order than the applied one: it waits for its turn there.
      if (wanted.has(mine.element) && shared.length > 0 && shared[0] !== mine.element) {
        l++
        continue
      }
    }
    if (mine && !wanted.has(mine.element)) {
      out.push(mine.item)
      l++
      continue
    }
    if (mine && done.has(mine.element)) l++
    if (theirs !== undefined) {
      out.push(merge(theirs))
      done.add(theirs)
      r++
      if (shared[0] === theirs) shared.shift()
    }
  }
  return out
}

/** `value` without the fields and items that `gone` names; containers that lose everything become null. */
export function removeFields(schema: Schema | undefined, value: unknown, gone: FieldSet): unknown {
  const shape = shapeOf(schema, value)
  if (shape === "map" && isObject(value) && Object.keys(value).length > 0) {
    const out: JsonObject = {}
    for (const [field, member] of Object.entries(value)) {
      const kept = remaining(schema, `f:${field}`, member, gone)
      if (kept !== undefined) setField(out, field, kept)
    }
    return Object.keys(out).length > 0 ? out : null
  }
  if (shape === "list" && Array.isArray(value) && value.length > 0) {
    const kept = value.flatMap((item, i) => {
      const left = remaining(schema, elementOf(schema, item, i), item, gone)
      return left === undefined ? [] : [left]
    })
    return kept.length > 0 ? kept : null
  }
  return value
}

function remaining(
  schema: Schema | undefined,
  element: string,
  member: unknown,
  gone: FieldSet,
): unknown {
  if (gone.members.has(element)) return undefined
  const below = gone.children.get(element) ?? emptySet
  return isEmptySet(below) ? member : removeFields(schemaBelow(schema, element), member, below)
}

/** The set with every declared field on the way to a member: what removing the set may remove. */
export function withNamedFields(schema: Schema | undefined, set: FieldSet): FieldSet {
  const members = new Set(set.members)
  const children = new Map<string, FieldSet>()
  for (const [element, child] of set.children) {
    if (element.startsWith("f:") && isNamedField(schema, element.slice(2))) members.add(element)
    children.set(element, withNamedFields(schemaBelow(schema, element), child))
  }
  return { members, children }
}
