import { isObject } from "../json.ts"
import { elementSchema, type Schema } from "../types/schema.ts"
import { childOf, type FieldSet, type FieldSetBuilder, newSet } from "./field-set.ts"
import { elementOf, isNamedField, schemaBelow, shapeOf } from "./typed.ts"

/** The paths that an applied configuration sets (structured-merge-diff's ToFieldSet). */
export function fieldSetOf(schema: Schema, value: unknown): FieldSet {
  const set = newSet()
  addFields(set, schema, value)
  return set
}

/** Adds the paths below `value`. True when it has none and is itself the field. */
function addFields(set: FieldSetBuilder, schema: Schema | undefined, value: unknown): boolean {
  const shape = shapeOf(schema, value)
  if (shape === "map" && isObject(value)) {
    for (const [field, member] of Object.entries(value)) {
      if (member !== undefined) addMember(set, schema, field, member)
    }
    return false
  }
  if (shape === "list" && Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const element = elementOf(schema, item, index)
      set.members.add(element)
      addBelow(set, element, schema?.items, item)
    }
    return false
  }
  return shape === "leaf"
}

function addMember(
  set: FieldSetBuilder,
  schema: Schema | undefined,
  field: string,
  member: unknown,
): void {
  const element = `f:${field}`
  const empty = member === null || (isObject(member) && Object.keys(member).length === 0)
  const leaf = addBelow(set, element, schemaBelow(schema, element), member)
  // A key of a map is a field of its own; a declared field is one only when nothing below it is.
  const key =
    schema !== undefined && !isNamedField(schema, field) && elementSchema(schema) !== undefined
  if (leaf || empty || key) set.members.add(element)
}

function addBelow(
  set: FieldSetBuilder,
  element: string,
  schema: Schema | undefined,
  value: unknown,
): boolean {
  const child = childOf(set, element)
  const leaf = addFields(child, schema, value)
  if (child.members.size === 0 && child.children.size === 0) set.children.delete(element)
  return leaf
}
