import { badRequest } from "../api-error.ts"
import { isObject, type JsonObject, setField } from "../json.ts"
import { canonicalQuantity, parseQuantity } from "./quantity.ts"
import { elementSchema, type Schema } from "./schema.ts"

interface Walk {
  /** Starts every complaint, such as "Pod in version \"v1\" cannot be handled as a Pod". */
  readonly what: string
  /** Paths of the fields that the kind does not have. */
  readonly unknown: string[]
}

/**
 * A built-in object as the server's Go types would read and write it: unknown fields, nulls and empty optional lists
 * and maps are gone, quantities and times are in canonical form. Throws 400 for a value of another type.
 */
export function decodeBuiltin(
  schema: Schema,
  value: JsonObject,
  what: string,
): { object: JsonObject; unknown: string[] } {
  const walk: Walk = { what, unknown: [] }
  return { object: decodeStruct(walk, schema, value, ""), unknown: walk.unknown }
}

function decodeStruct(walk: Walk, schema: Schema, value: JsonObject, path: string): JsonObject {
  const out: JsonObject = {}
  for (const [field, member] of Object.entries(value)) {
    const here = path === "" ? field : `${path}.${field}`
    const property = schema.properties?.[field]
    if (property === undefined || !Object.hasOwn(schema.properties ?? {}, field)) {
      walk.unknown.push(here)
      continue
    }
    if (member === null || member === undefined) continue
    const decoded = decodeValue(walk, property, member, here, schema)
    if (isOmitted(decoded, property)) continue
    out[field] = decoded
  }
  for (const [field, property] of alwaysWritten(schema)) {
    if (out[field] !== undefined) continue
    out[field] =
      property.zero !== null && property.properties
        ? decodeStruct(walk, property, {}, path)
        : property.zero
  }
  return out
}

const written = new WeakMap<object, readonly (readonly [string, Schema])[]>()

/** The fields that Go writes even when they are absent. */
function alwaysWritten(schema: Schema): readonly (readonly [string, Schema])[] {
  const properties = schema.properties ?? {}
  let found = written.get(properties)
  if (found === undefined) {
    found = Object.entries(properties).filter(([, p]) => p.zero !== undefined)
    written.set(properties, found)
  }
  return found
}

/** What Go leaves out of JSON (omitempty): zero scalars, empty maps and lists; never what is behind a pointer. */
function isOmitted(value: unknown, schema: Schema): boolean {
  if (schema.pointer) return false
  if (Array.isArray(value)) return value.length === 0
  if (isObject(value)) {
    return schema.additionalProperties !== undefined && Object.keys(value).length === 0
  }
  return schema.type !== undefined && schema["x-kubernetes-int-or-string"] !== true
    ? value === "" || value === 0 || value === false
    : false
}

function decodeValue(
  walk: Walk,
  schema: Schema,
  value: unknown,
  path: string,
  owner: Schema,
): unknown {
  if (schema["x-kubernetes-preserve-unknown-fields"] && schema.type === undefined) return value
  switch (schema.type ?? "") {
    case "object":
      if (!isObject(value)) throw mismatch(walk, schema, value, path, owner)
      if (schema.properties) return decodeStruct(walk, schema, value, path)
      return decodeMap(walk, elementSchema(schema) ?? {}, value, path, owner)
    case "array": {
      if (!Array.isArray(value)) throw mismatch(walk, schema, value, path, owner)
      const items = schema.items ?? {}
      return value.map((v, i) =>
        v === null ? decodeNull(items) : decodeValue(walk, items, v, `${path}[${i}]`, owner),
      )
    }
    default:
      return decodeScalar(walk, schema, value, path, owner)
  }
}

const decodeNull = (schema: Schema): unknown =>
  schema.type === "object" ? {} : schema.type === "array" ? [] : ""

function decodeMap(
  walk: Walk,
  element: Schema,
  value: JsonObject,
  path: string,
  owner: Schema,
): JsonObject {
  const out: JsonObject = {}
  for (const [key, member] of Object.entries(value)) {
    const decoded =
      member === null ? decodeNull(element) : decodeValue(walk, element, member, path, owner)
    setField(out, key, decoded)
  }
  return out
}

function decodeScalar(
  walk: Walk,
  schema: Schema,
  value: unknown,
  path: string,
  owner: Schema,
): unknown {
  switch (schema.format ?? "") {
    case "quantity":
      return decodeQuantity(walk, value)
    case "int-or-string":
      if (typeof value === "string" || Number.isInteger(value)) return value
      throw mismatch(walk, schema, value, path, owner)
    case "date-time":
      return decodeTime(walk, schema, value)
    default:
  }
  const right =
    schema.type === "string"
      ? typeof value === "string"
      : schema.type === "boolean"
        ? typeof value === "boolean"
        : schema.type === "integer"
          ? Number.isInteger(value)
          : schema.type !== "number" || typeof value === "number"
  if (!right) throw mismatch(walk, schema, value, path, owner)
  return value
}

function decodeQuantity(walk: Walk, value: unknown): string {
  const text = String(value)
  if (parseQuantity(text) === undefined) {
    throw badRequest(
      `${walk.what}: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    )
  }
  return canonicalQuantity(text)
}

function decodeTime(walk: Walk, schema: Schema, value: unknown): string {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN
  if (typeof value !== "string" || Number.isNaN(ms)) {
    throw badRequest(
      `${walk.what}: parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    )
  }
  const seconds = new Date(ms).toISOString().slice(0, 19)
  if (!schema.ref?.endsWith("MicroTime")) return `${seconds}Z`
  const [fraction = "", digits] = /(?:\.(\d+))?(?:Z|[-+]\d\d:\d\d)$/.exec(value) ?? []
  if (digits?.length !== 6) {
    throw badRequest(
      `${walk.what}: parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(fraction)} as ".000000"`,
    )
  }
  return `${seconds}.${digits}Z`
}

const goTypes: Readonly<Record<string, string>> = {
  string: "string",
  boolean: "bool",
  integer: "int32",
  number: "float64",
}

function mismatch(walk: Walk, schema: Schema, value: unknown, path: string, owner: Schema) {
  const got = Array.isArray(value) ? "array" : isObject(value) ? "object" : typeof value
  const shown =
    got === "boolean"
      ? "bool"
      : got === "number" && !Number.isInteger(value)
        ? `number ${value}`
        : got
  const struct = owner.ref?.split(".").at(-1) ?? ""
  const goType = goTypeOf(schema)
  const field = path.replace(/\[\d+\]/g, "")
  return badRequest(
    `${walk.what}: json: cannot unmarshal ${shown} into Go struct field ${struct}.${field} of type ${goType}`,
  )
}

/** The type as Go prints it, such as "[]v1.Container". */
function goTypeOf(schema: Schema): string {
  const element = elementSchema(schema)
  if (schema.items) return `[]${goTypeOf(schema.items)}`
  if (element) return `map[string]${goTypeOf(element)}`
  if (schema.ref !== undefined) return schema.ref.split(".").slice(-2).join(".")
  return schema.format?.startsWith("int") ? schema.format : (goTypes[schema.type ?? ""] ?? "string")
}
