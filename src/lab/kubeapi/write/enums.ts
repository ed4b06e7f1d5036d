import { type Cause, complaint } from "../api-error.ts"
import { isObject } from "../json.ts"
import { memberSchema, type Schema } from "../types/schema.ts"

/** Complaints about values outside the enumerations of a built-in kind. The status is its controller's, and not checked. */
export function enumCauses(schema: Schema, object: unknown): Cause[] {
  const causes: Cause[] = []
  if (!isObject(object)) return causes
  for (const [field, value] of Object.entries(object)) {
    if (field !== "status" && field !== "metadata")
      check(memberSchema(schema, field), value, field, causes)
  }
  return causes
}

/** Enumerations that the API server does not list in alphabetical order. */
const spoken: Readonly<Record<string, readonly string[]>> = {
  restartPolicy: ["Always", "OnFailure", "Never"],
}

function check(schema: Schema | undefined, value: unknown, path: string, causes: Cause[]): void {
  if (schema === undefined) return
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) check(schema.items, item, `${path}[${i}]`, causes)
  } else if (isObject(value)) {
    for (const [field, member] of Object.entries(value)) {
      check(memberSchema(schema, field), member, `${path}.${field}`, causes)
    }
  } else if (schema.enum !== undefined && typeof value === "string" && value !== "") {
    if (!schema.enum.includes(value)) {
      const field = path.slice(path.lastIndexOf(".") + 1)
      causes.push(complaint.notSupported(path, value, spoken[field] ?? schema.enum.map(String)))
    }
  }
}
