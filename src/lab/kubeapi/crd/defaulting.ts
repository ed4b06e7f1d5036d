import { clone, isObject, type JsonObject, setField } from "../json.ts"
import { elementSchema, type Schema } from "../types/schema.ts"

/**
 * Sets the schema's defaults in a draft, in place. A null counts as absent where the schema has a default and does not
 * allow null; other nulls are left for validation.
 */
export function applyDefaults(schema: Schema, value: unknown): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyDefaults(schema.items, item)
  } else if (isObject(value)) defaultObject(schema, value)
}

function defaultObject(schema: Schema, object: JsonObject): void {
  for (const [field, property] of Object.entries(schema.properties ?? {})) {
    const member = object[field]
    const absent = member === undefined || (member === null && property.nullable !== true)
    if (absent && property.default !== undefined) setField(object, field, clone(property.default))
    applyDefaults(property, object[field])
  }
  const element = elementSchema(schema)
  if (element === undefined) return
  for (const [field, member] of Object.entries(object)) {
    if (!Object.hasOwn(schema.properties ?? {}, field)) applyDefaults(element, member)
  }
}
