import { isObject, type JsonObject, setField } from "../json.ts"
import { memberSchema, type Schema } from "../types/schema.ts"

/** Fields of every object, which a CRD's schema need not name. */
const always = new Set(["apiVersion", "kind", "metadata"])

/** A custom object without the fields that its structural schema does not have; `unknown` lists their paths. */
export function prune(
  schema: Schema,
  value: JsonObject,
): { object: JsonObject; unknown: string[] } {
  const unknown: string[] = []
  const object = pruneObject(schema, value, "", unknown, true)
  return { object, unknown }
}

function pruneObject(
  schema: Schema,
  value: JsonObject,
  path: string,
  unknown: string[],
  resource: boolean,
): JsonObject {
  const out: JsonObject = {}
  const keep = schema["x-kubernetes-preserve-unknown-fields"] === true
  for (const [field, member] of Object.entries(value)) {
    const here = path === "" ? field : `${path}.${field}`
    const known = memberSchema(schema, field)
    if (resource && always.has(field)) setField(out, field, member)
    else if (known) setField(out, field, pruneValue(known, member, here, unknown))
    else if (keep || schema.additionalProperties === true) setField(out, field, member)
    else unknown.push(here)
  }
  return out
}

function pruneValue(schema: Schema, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    const items = schema.items
    return items ? value.map((v, i) => pruneValue(items, v, `${path}[${i}]`, unknown)) : value
  }
  if (!isObject(value)) return value
  const embedded = schema["x-kubernetes-embedded-resource"] === true
  return pruneObject(schema, value, path, unknown, embedded)
}
