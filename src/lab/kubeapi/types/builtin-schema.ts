import types from "./builtin-types.json" with { type: "json" }
import type { Schema } from "./schema.ts"

/**
 * Expands builtin-types.json. A field reads "NUMBER TYPE WORD...", where NUMBER is that of protobuf ("-" for none,
 * "2.6" through an inlined struct) and TYPE is a scalar, the full name of another type,
 * "[...]ELEMENT" for a list (in brackets: nothing for atomic, "set", or the keys of a map list) or "{}ELEMENT" for a
 * map; the words are required, pointer (a zero value is kept), zero (a struct that is always present), null (null when
 * absent), default=JSON, enum=A|B, atomic, and the
 * strategies of a strategic merge patch: merge, merge=KEY, retainKeys, replace.
 */
const table: Readonly<Record<string, Readonly<Record<string, string>>>> = types

const scalars: Readonly<Record<string, Schema>> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
  bytes: { type: "string", format: "byte" },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": { type: "string", format: "date-time" },
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": { type: "string", format: "date-time" },
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    format: "quantity",
    "x-kubernetes-int-or-string": true,
  },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    format: "int-or-string",
    "x-kubernetes-int-or-string": true,
  },
}
const anything: Schema = { "x-kubernetes-preserve-unknown-fields": true }

const zeroOf: Readonly<Record<string, unknown>> = {
  string: "",
  boolean: false,
  integer: 0,
  number: 0,
}

const isZero = (value: unknown) =>
  value === "" || value === 0 || value === false || JSON.stringify(value) === "{}"

const known = new Map<string, Schema>()

/** The schema of a built-in type by its full name; free-form JSON for names outside the table. */
export function builtinSchema(name: string): Schema {
  const found = known.get(name)
  if (found) return found
  const fields = table[name]
  if (fields === undefined) {
    const scalar = { ...(scalars[name] ?? anything), ref: name }
    known.set(name, scalar)
    return scalar
  }
  // The properties object exists before its members are expanded: types may refer to themselves.
  const properties: Record<string, Schema> = {}
  const required = Object.keys(fields).filter((f) => fields[f]?.split(" ").includes("required"))
  const schema: Schema = {
    ref: name,
    type: "object",
    properties,
    ...(required.length === 0 ? {} : { required }),
    ...(fields[""] === "atomic" ? { "x-kubernetes-map-type": "atomic" } : {}),
  }
  known.set(name, schema)
  for (const [field, text] of Object.entries(fields)) {
    if (field !== "") properties[field] = fieldSchema(text)
  }
  return schema
}

function fieldSchema(text: string): Schema {
  const [number = "", type = "", ...words] = text.split(" ")
  const schema: Record<string, unknown> = { ...typeSchema(type) }
  if (number !== "-") schema.number = number
  const keys = schema["x-kubernetes-list-map-keys"] as readonly string[] | undefined
  const strategies: string[] = []
  for (const word of words) {
    const [name = "", value] = word.split(/=(.*)/s)
    if (name === "zero") schema.default = {}
    else if (name === "null") schema.zero = null
    else if (name === "default") schema.default = JSON.parse(value ?? "null")
    else if (name === "enum") schema.enum = value?.split("|")
    else if (name === "pointer") schema.pointer = true
    else if (name === "atomic") schema["x-kubernetes-map-type"] = "atomic"
    else if (name === "required") {
      const zero = zeroOf[String(schema.type)]
      if (zero !== undefined && schema.default === undefined) schema.default = zero
    } else {
      strategies.push(name)
      const key = value ?? keys?.[0]
      if (name === "merge" && key !== undefined) schema["x-kubernetes-patch-merge-key"] = key
    }
  }
  if (strategies.length > 0) schema["x-kubernetes-patch-strategy"] = strategies.join(",")
  const required = words.includes("required")
  const zero =
    isZero(schema.default) && schema.pointer !== true ? schema.default : required ? null : undefined
  if (zero !== undefined && schema.zero === undefined) schema.zero = zero
  return schema
}

function typeSchema(type: string): Schema {
  if (type.startsWith("{}")) {
    return { type: "object", additionalProperties: typeSchema(type.slice(2)) }
  }
  const list = /^\[([^\]]*)\](.*)$/.exec(type)
  if (list) {
    const [, keys = "", element = ""] = list
    const items = typeSchema(element)
    if (keys === "") return { type: "array", items, "x-kubernetes-list-type": "atomic" }
    if (keys === "set") return { type: "array", items, "x-kubernetes-list-type": "set" }
    return {
      type: "array",
      items,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": keys.split(","),
    }
  }
  return scalars[type] !== undefined && !type.includes(".") ? scalars[type] : builtinSchema(type)
}
