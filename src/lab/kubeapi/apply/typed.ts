import { isObject, type JsonObject } from "../json.ts"
import { elementSchema, memberSchema, type Schema } from "../types/schema.ts"

/** How server-side apply takes a value apart (structured-merge-diff's atoms). */
export type Shape = "map" | "list" | "leaf"

/**
 * The shape of values under a schema: maps and structs have fields, set and map lists have elements, and what is
 * atomic has neither. Where the schema says nothing, objects are maps and lists are atomic.
 */
export function shapeOf(schema: Schema | undefined, ...values: readonly unknown[]): Shape {
  const value = values.find((v) => v !== undefined && v !== null)
  if (schema?.["x-kubernetes-map-type"] === "atomic") return "leaf"
  if (isObject(value)) return isFreeForm(schema) ? "leaf" : "map"
  if (Array.isArray(value)) return isKeyed(schema) ? "list" : "leaf"
  if (value !== undefined) return "leaf"
  if (schema?.type === "object") return "map"
  return schema?.type === "array" && isKeyed(schema) ? "list" : "leaf"
}

const isKeyed = (schema: Schema | undefined): boolean =>
  schema?.["x-kubernetes-list-type"] === "set" || schema?.["x-kubernetes-list-type"] === "map"

/** Free-form JSON of built-in types (RawExtension) is one value; of custom resources it is taken apart. */
const isFreeForm = (schema: Schema | undefined): boolean =>
  schema?.ref !== undefined && schema.type === undefined

/** The path element of an item of a set or map list. Throws where an item lacks all keys of its list. */
export function elementOf(schema: Schema | undefined, item: unknown, index: number): string {
  if (schema?.["x-kubernetes-list-type"] === "set") return `v:${JSON.stringify(item)}`
  const keys = schema?.["x-kubernetes-list-map-keys"]
  if (keys === undefined || !isObject(item)) return `i:${index}`
  const named: JsonObject = {}
  for (const key of keys.toSorted()) {
    named[key] = item[key] ?? schema?.items?.properties?.[key]?.default ?? null
  }
  return `k:${JSON.stringify(named)}`
}

/** The items of a keyed list by their path elements; the first of several with one element wins. */
export function itemsOf(
  schema: Schema | undefined,
  list: readonly unknown[],
): Map<string, unknown> {
  const items = new Map<string, unknown>()
  for (const [index, item] of list.entries()) {
    const element = elementOf(schema, item, index)
    if (!items.has(element)) items.set(element, item)
  }
  return items
}

/** The schema below a path element. */
export const schemaBelow = (schema: Schema | undefined, element: string): Schema | undefined =>
  element.startsWith("f:") ? memberSchema(schema, element.slice(2)) : schema?.items

/** True for a declared field of a struct, as against a key of a map. */
export const isNamedField = (schema: Schema | undefined, name: string): boolean =>
  schema?.properties !== undefined && Object.hasOwn(schema.properties, name)

/** Paths of what the schema does not know or types differently: what apply refuses before it merges. */
export function typeErrors(schema: Schema | undefined, value: unknown, path = ""): string[] {
  if (schema === undefined || value === null || value === undefined) return []
  if (isObject(value)) {
    if (isScalar(schema)) return [`${path}: expected ${schema.type}, got map`]
    return Object.entries(value).flatMap(([field, member]) => {
      const below = memberSchema(schema, field)
      const open =
        schema["x-kubernetes-preserve-unknown-fields"] || schema.additionalProperties === true
      if (below !== undefined) return typeErrors(below, member, `${path}.${field}`)
      return open || isOpen(schema) ? [] : [`${path}.${field}: field not declared in schema`]
    })
  }
  if (Array.isArray(value)) {
    if (schema.type !== undefined && schema.type !== "array")
      return [`${path}: expected ${expected(schema)}, got list`]
    return value.flatMap((item, i) =>
      typeErrors(schema.items, item, `${path}${itemText(schema, item, i)}`),
    )
  }
  return scalarErrors(schema, value, path)
}

const isScalar = (schema: Schema) =>
  schema.type !== undefined && schema.type !== "object" && schema.type !== "array"
const isOpen = (schema: Schema) =>
  schema.properties === undefined &&
  elementSchema(schema) === undefined &&
  schema.type === undefined
const expected = (schema: Schema) => (schema.type === "object" ? "map" : String(schema.type))

function itemText(schema: Schema, item: unknown, index: number): string {
  const element = elementOf(schema, item, index)
  return element.startsWith("k:")
    ? `[${Object.entries(JSON.parse(element.slice(2)))
        .map(([k, v]) => `${k}=${JSON.stringify(v)}`)
        .join(",")}]`
    : `[${index}]`
}

function scalarErrors(schema: Schema, value: unknown, path: string): string[] {
  if (schema["x-kubernetes-int-or-string"] || schema.type === undefined) return []
  const got =
    typeof value === "string" ? "string" : typeof value === "boolean" ? "boolean" : "number"
  switch (schema.type) {
    case "object":
      return [`${path}: expected map, got &{${String(value)}}`]
    case "array":
      return [`${path}: expected list, got &{${String(value)}}`]
    case "integer":
    case "number":
      return got === "number" ? [] : [`${path}: expected numeric (int or float), got ${got}`]
    case "boolean":
      return got === "boolean" ? [] : [`${path}: expected boolean, got ${got}`]
    default:
      return got === "string"
        ? []
        : [`${path}: expected string, got &value.valueUnstructured{Value:${String(value)}}`]
  }
}
