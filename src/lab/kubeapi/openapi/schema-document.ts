import type { JsonObject } from "../json.ts"
import type { Schema } from "../types/schema.ts"

/** The two documents: OpenAPI v2 (Swagger) with all groups in one, and v3 with one for each group version. */
export type Dialect = "v2" | "v3"

const roots: Readonly<Record<Dialect, string>> = {
  v2: "#/definitions/",
  v3: "#/components/schemas/",
}

export const refTo = (name: string, dialect: Dialect): JsonObject => ({
  $ref: `${roots[dialect]}${name}`,
})

/** Keywords that say something of a field, whatever type it refers to. */
const fieldKeywords = [
  "description",
  "default",
  "x-kubernetes-patch-strategy",
  "x-kubernetes-patch-merge-key",
  "x-kubernetes-map-type",
]

const keywords = [
  ...fieldKeywords,
  "type",
  "format",
  "title",
  "required",
  "enum",
  "nullable",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
]

/** A field's schema; `seen` collects the names of the types it refers to. */
export function fieldDocument(schema: Schema, dialect: Dialect, seen: Set<string>): JsonObject {
  if (schema.ref === undefined) return typeDocument(schema, dialect, seen)
  seen.add(schema.ref)
  const ref = refTo(schema.ref, dialect)
  const own = pick(schema, fieldKeywords)
  if (Object.keys(own).length === 0) return ref
  return dialect === "v2" ? { ...ref, ...own } : { allOf: [ref], ...own }
}

/** The schema itself, where a name refers to it. */
export function typeDocument(schema: Schema, dialect: Dialect, seen: Set<string>): JsonObject {
  const out = pick(schema, keywords)
  if (schema["x-kubernetes-int-or-string"]) Object.assign(out, eitherType(schema, dialect))
  if (schema.properties) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, p]) => [name, fieldDocument(p, dialect, seen)]),
    )
  }
  if (schema.items) out.items = fieldDocument(schema.items, dialect, seen)
  if (typeof schema.additionalProperties === "object") {
    out.additionalProperties = fieldDocument(schema.additionalProperties, dialect, seen)
  }
  return out
}

/** IntOrString and Quantity: a number or a text. */
function eitherType(schema: Schema, dialect: Dialect): JsonObject {
  const format = schema.format === "int-or-string" ? { format: "int-or-string" } : {}
  const marked = schema.ref === undefined ? { "x-kubernetes-int-or-string": true } : {}
  if (dialect === "v2") return { type: "string", ...format, ...marked }
  return { ...format, ...marked, oneOf: [{ type: "string" }, { type: "number" }] }
}

function pick(schema: Schema, names: readonly string[]): JsonObject {
  const all: Readonly<Record<string, unknown>> = { ...schema }
  const out: JsonObject = {}
  for (const name of names)
    if (all[name] !== undefined && all[name] !== "quantity") out[name] = all[name]
  return out
}
