import { type Cause, complaint } from "../api-error.ts"
import { equal, isObject, type JsonObject } from "../json.ts"
import { elementSchema, type Schema } from "../types/schema.ts"
import { hasFormat } from "./formats.ts"

/** Complaints about a value under a structural schema, in the words of the API server. `path` is "" for the object. */
export function validate(schema: Schema, value: unknown, path = ""): Cause[] {
  if (value === null) {
    return schema.nullable || schema.type === undefined ? [] : [wrongType(schema, value, path)]
  }
  if (!isOfType(schema, value)) return [wrongType(schema, value, path)]
  return [
    ...enumCauses(schema, value, path),
    ...(typeof value === "string" ? stringCauses(schema, value, path) : []),
    ...(typeof value === "number" ? numberCauses(schema, value, path) : []),
    ...(Array.isArray(value) ? listCauses(schema, value, path) : []),
    ...(isObject(value) ? objectCauses(schema, value, path) : []),
    ...combinationCauses(schema, value, path),
  ]
}

/** The path in the text of a complaint; the object itself is "". */
const inBody = (path: string) => `${path} in body`
const fieldOf = (path: string) => (path === "" ? "<nil>" : path)

function isOfType(schema: Schema, value: unknown): boolean {
  if (schema["x-kubernetes-int-or-string"])
    return typeof value === "string" || Number.isInteger(value)
  switch (schema.type ?? "") {
    case "":
      return true
    case "integer":
      return Number.isInteger(value)
    case "number":
      return typeof value === "number"
    case "array":
      return Array.isArray(value)
    case "object":
      return isObject(value)
    default:
      return typeof value === schema.type
  }
}

function wrongType(schema: Schema, value: unknown, path: string): Cause {
  const wanted = schema["x-kubernetes-int-or-string"] ? "integer,string" : String(schema.type)
  const got = value === null ? "null" : Array.isArray(value) ? "array" : jsonType(value)
  return {
    reason: "FieldValueTypeInvalid",
    message: `Invalid value: ${JSON.stringify(got)}: ${inBody(path)} must be of type ${wanted}: ${JSON.stringify(got)}`,
    field: fieldOf(path),
  }
}

const jsonType = (value: unknown): string =>
  typeof value === "number" ? (Number.isInteger(value) ? "integer" : "number") : typeof value

function enumCauses(schema: Schema, value: unknown, path: string): Cause[] {
  if (schema.enum === undefined || schema.enum.some((e) => equal(e, value))) return []
  return [
    complaint.notSupported(
      fieldOf(path),
      value,
      schema.enum.map((e) => (typeof e === "string" ? e : JSON.stringify(e))),
    ),
  ]
}

function stringCauses(schema: Schema, value: string, path: string): Cause[] {
  const causes: Cause[] = []
  const length = [...value].length
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    causes.push({
      reason: "FieldValueTooLong",
      message: `Too long: may not be more than ${schema.maxLength} bytes`,
      field: fieldOf(path),
    })
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    causes.push(should(path, value, `be at least ${schema.minLength} chars long`))
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)) {
    causes.push(should(path, value, `match '${schema.pattern}'`))
  }
  if (schema.format !== undefined && !hasFormat(schema.format, value)) {
    const text = `${inBody(path)} must be of type ${schema.format}: ${JSON.stringify(value)}`
    causes.push({
      ...complaint.invalid(fieldOf(path), value, text),
      reason: "FieldValueTypeInvalid",
    })
  }
  return causes
}

const should = (path: string, value: unknown, text: string): Cause =>
  complaint.invalid(fieldOf(path), value, `${inBody(path)} should ${text}`)

function numberCauses(schema: Schema, value: number, path: string): Cause[] {
  const { minimum, maximum, multipleOf } = schema
  const causes: Cause[] = []
  if (maximum !== undefined) {
    const exclusive = schema.exclusiveMaximum === true
    if (value > maximum || (exclusive && value === maximum)) {
      causes.push(should(path, value, `be less than ${exclusive ? "" : "or equal to "}${maximum}`))
    }
  }
  if (minimum !== undefined) {
    const exclusive = schema.exclusiveMinimum === true
    if (value < minimum || (exclusive && value === minimum)) {
      causes.push(
        should(path, value, `be greater than ${exclusive ? "" : "or equal to "}${minimum}`),
      )
    }
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    causes.push(should(path, value, `be a multiple of ${multipleOf}`))
  }
  return causes
}

const tooMany = (path: string, count: number, most: number): Cause => ({
  reason: "FieldValueTooMany",
  message: `Too many: ${count}: must have at most ${most} items`,
  field: fieldOf(path),
})

function listCauses(schema: Schema, list: readonly unknown[], path: string): Cause[] {
  const causes: Cause[] = []
  if (schema.maxItems !== undefined && list.length > schema.maxItems) {
    causes.push(tooMany(path, list.length, schema.maxItems))
  }
  if (schema.minItems !== undefined && list.length < schema.minItems) {
    causes.push(should(path, list.length, `have at least ${schema.minItems} items`))
  }
  const { items } = schema
  if (items) causes.push(...list.flatMap((v, i) => validate(items, v, `${path}[${i}]`)))
  return [...causes, ...duplicateCauses(schema, list, path)]
}

/** Sets and map lists hold each value or key once. */
function duplicateCauses(schema: Schema, list: readonly unknown[], path: string): Cause[] {
  const kind = schema["x-kubernetes-list-type"]
  if (kind !== "set" && kind !== "map") return []
  const keys = schema["x-kubernetes-list-map-keys"] ?? []
  const seen = new Set<string>()
  return list.flatMap((value, i) => {
    const key =
      kind === "map" && isObject(value)
        ? Object.fromEntries(
            keys.map((k) => [k, value[k] ?? schema.items?.properties?.[k]?.default]),
          )
        : value
    const text = JSON.stringify(key)
    if (!seen.has(text)) {
      seen.add(text)
      return []
    }
    return [complaint.duplicate(`${path}[${i}]`, key)]
  })
}

function objectCauses(schema: Schema, object: JsonObject, path: string): Cause[] {
  const causes: Cause[] = []
  const count = Object.keys(object).length
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    causes.push(tooMany(path, count, schema.maxProperties))
  }
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    causes.push(should(path, count, `have at least ${schema.minProperties} properties`))
  }
  const under = (field: string) => (path === "" ? field : `${path}.${field}`)
  const element = elementSchema(schema)
  for (const [field, member] of Object.entries(object)) {
    const known = Object.hasOwn(schema.properties ?? {}, field)
    const property = known ? schema.properties?.[field] : element
    const required = schema.required?.includes(field) === true
    if (member === null && required && property?.nullable !== true) continue
    if (property && member !== undefined) causes.push(...validate(property, member, under(field)))
  }
  for (const field of schema.required ?? []) {
    const nulled = object[field] === null && schema.properties?.[field]?.nullable !== true
    if (!Object.hasOwn(object, field) || nulled) causes.push(complaint.required(under(field)))
  }
  return causes
}

function combinationCauses(schema: Schema, value: unknown, path: string): Cause[] {
  const holds = (s: Schema) => validate(s, value, path).length === 0
  const firstOf = ([first]: readonly Schema[]) => (first ? validate(first, value, path) : [])
  const quoted = JSON.stringify(path)
  const causes: Cause[] = []
  const fails = (text: string) =>
    causes.push({
      reason: "FieldValueInvalid",
      message: `Invalid value: "": ${text}`,
      field: "<nil>",
    })
  if (schema.not && holds(schema.not)) fails(`${quoted} must not validate the schema (not)`)
  if (schema.anyOf && !schema.anyOf.some(holds)) {
    fails(`${quoted} must validate at least one schema (anyOf)`)
    causes.push(...firstOf(schema.anyOf))
  }
  if (schema.oneOf) {
    const valid = schema.oneOf.filter(holds).length
    if (valid !== 1) {
      const found = valid === 0 ? "none valid" : `${valid} valid alternatives`
      fails(`${quoted} must validate one and only one schema (oneOf). Found ${found}`)
      if (valid === 0) causes.push(...firstOf(schema.oneOf))
    }
  }
  if (schema.allOf) {
    if (!schema.allOf.every(holds)) fails(`${quoted} must validate all the schemas (allOf)`)
    causes.push(...schema.allOf.flatMap((s) => validate(s, value, path)))
  }
  return causes
}
