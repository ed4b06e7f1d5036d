import { type Cause, complaint } from "../api-error.ts"
import { programOf } from "../cel/programs.ts"
import { isObject } from "../json.ts"
import { elementSchema, type Schema, type ValidationRule } from "../types/schema.ts"

/**
 * Complaints of x-kubernetes-validations. Rules that name oldSelf apply to updates only. Parts of a list are compared
 * with their old selves only in map lists, as in the API server.
 */
export function ruleCauses(schema: Schema, value: unknown, old?: unknown, path = ""): Cause[] {
  if (value === null || value === undefined) return []
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule) =>
    check(rule, { value, old, path }),
  )
  return [...own, ...partCauses(schema, value, old, path)]
}

function partCauses(schema: Schema, value: unknown, old: unknown, path: string): Cause[] {
  if (Array.isArray(value)) {
    const items = schema.items
    return items
      ? value.flatMap((v, i) => ruleCauses(items, v, oldItem(schema, v, old), `${path}[${i}]`))
      : []
  }
  if (!isObject(value)) return []
  const element = elementSchema(schema)
  const before = isObject(old) ? old : {}
  return Object.entries(value).flatMap(([field, member]) => {
    const known = schema.properties && Object.hasOwn(schema.properties, field)
    const part = known ? schema.properties?.[field] : element
    if (part === undefined) return []
    const here = known ? (path === "" ? field : `${path}.${field}`) : `${path}[${field}]`
    return ruleCauses(part, member, before[field], here)
  })
}

function oldItem(schema: Schema, item: unknown, old: unknown): unknown {
  const keys = schema["x-kubernetes-list-map-keys"]
  if (keys === undefined || !Array.isArray(old) || !isObject(item)) return undefined
  return old.find((o) => isObject(o) && keys.every((k) => o[k] === item[k]))
}

/** True when any part of the schema has a rule. */
export function hasRules(schema: Schema): boolean {
  if ((schema["x-kubernetes-validations"]?.length ?? 0) > 0) return true
  const parts = [...Object.values(schema.properties ?? {}), schema.items, elementSchema(schema)]
  return parts.some((part) => part !== undefined && hasRules(part))
}

interface Subject {
  readonly value: unknown
  readonly old: unknown
  readonly path: string
}

const reasons: Readonly<Record<string, string>> = {
  FieldValueRequired: "Required value",
  FieldValueForbidden: "Forbidden",
  FieldValueDuplicate: "Duplicate value",
}

function check(rule: ValidationRule, { value, old, path }: Subject): Cause[] {
  const program = programOf(rule.rule)
  if (program === undefined) return []
  const transition = /\boldSelf\b/.test(rule.rule)
  if (transition && old === undefined && rule.optionalOldSelf !== true) return []
  const result = program({ self: value, oldSelf: old ?? null })
  if (result.ok && result.value === true) return []
  const field = rule.fieldPath ? `${path}${rule.fieldPath}` : path || "<nil>"
  const text = result.ok ? messageOf(rule, value, old) : `rule evaluation error: ${result.why}`
  const reason = rule.reason ?? "FieldValueInvalid"
  const title = reasons[reason]
  if (title !== undefined) return [{ reason, message: `${title}: ${text}`, field }]
  // Objects and lists are not printed.
  return typeof value === "object"
    ? [{ reason, message: `Invalid value: ${text}`, field }]
    : [complaint.invalid(field, value, text)]
}

function messageOf(rule: ValidationRule, value: unknown, old: unknown): string {
  const made = programOf(rule.messageExpression ?? "")?.({ self: value, oldSelf: old ?? null })
  if (made?.ok && typeof made.value === "string") return made.value
  return rule.message ?? `failed rule: ${rule.rule.trim()}`
}

/** Every rule of a schema with its path, such as "properties[spec].x-kubernetes-validations[0].rule". */
export function* rulesOf(schema: Schema, path: string): IterableIterator<[string, string]> {
  for (const [i, { rule }] of (schema["x-kubernetes-validations"] ?? []).entries()) {
    yield [`${path}.x-kubernetes-validations[${i}].rule`, rule]
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    yield* rulesOf(property, `${path}.properties[${name}]`)
  }
  if (schema.items) yield* rulesOf(schema.items, `${path}.items`)
  const element = elementSchema(schema)
  if (element) yield* rulesOf(element, `${path}.additionalProperties`)
}
