import { equal, isEmpty, isObject } from "../json.ts"
import type { Schema } from "../types/schema.ts"
import { childOf, type FieldSet, type FieldSetBuilder, newSet } from "./field-set.ts"
import { itemsOf, schemaBelow, shapeOf } from "./typed.ts"

/** The paths in which two objects differ. */
export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

interface Sets {
  readonly added: FieldSetBuilder
  readonly modified: FieldSetBuilder
  readonly removed: FieldSetBuilder
}

export function compare(schema: Schema, before: unknown, after: unknown): Comparison {
  const sets: Sets = { added: newSet(), modified: newSet(), removed: newSet() }
  descend(sets, schema, before, after)
  return sets
}

/** Compares the members of two maps or keyed lists. */
function descend(sets: Sets, schema: Schema | undefined, before: unknown, after: unknown): void {
  const [olds, news] = [membersOf(schema, before), membersOf(schema, after)]
  for (const element of new Set([...olds.keys(), ...news.keys()])) {
    compareMember(sets, element, schemaBelow(schema, element), olds.get(element), news.get(element))
  }
}

function membersOf(schema: Schema | undefined, value: unknown): Map<string, unknown> {
  if (Array.isArray(value)) return itemsOf(schema, value)
  const members = new Map<string, unknown>()
  for (const [field, member] of Object.entries(isObject(value) ? value : {})) {
    if (member !== undefined) members.set(`f:${field}`, member)
  }
  return members
}

function compareMember(
  sets: Sets,
  element: string,
  schema: Schema | undefined,
  before: unknown,
  after: unknown,
): void {
  // Most of an update is the stored object itself.
  if (before === after) return
  const shape = shapeOf(schema, after, before)
  // Two empty ones are compared as a whole, which keeps null and empty apart.
  const leaf =
    shape === "leaf" || (isEmpty(before) && isEmpty(after)) || changesShape(before, after)
  if (before === undefined) sets.added.members.add(element)
  else if (after === undefined) sets.removed.members.add(element)
  else if (leaf && !equal(before, after)) sets.modified.members.add(element)
  if (leaf) return
  const below: Sets = {
    added: childOf(sets.added, element),
    modified: childOf(sets.modified, element),
    removed: childOf(sets.removed, element),
  }
  descend(below, schema, before, after)
  for (const kind of ["added", "modified", "removed"] as const) {
    const child = below[kind]
    if (child.members.size === 0 && child.children.size === 0) sets[kind].children.delete(element)
  }
}

const changesShape = (before: unknown, after: unknown): boolean =>
  before !== undefined &&
  before !== null &&
  after !== undefined &&
  after !== null &&
  (Array.isArray(before) !== Array.isArray(after) || isObject(before) !== isObject(after))
