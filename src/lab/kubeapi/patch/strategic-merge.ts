import { isObject, type JsonObject, setField } from "../json.ts"
import { memberSchema, type Schema } from "../types/schema.ts"
import {
  deletion,
  inOrder,
  mergeLists,
  order,
  removeValues,
  StrategicMergeError,
  withoutDirectives,
} from "./strategic-list.ts"

/**
 * A strategic merge patch: as a merge patch, but lists whose schema names a merge key are merged by it, under the
 * directives $patch, $retainKeys, $setElementOrder/LIST and $deleteFromPrimitiveList/LIST.
 */
export function strategicMerge(
  original: JsonObject,
  patch: JsonObject,
  schema?: Schema,
): JsonObject {
  const directive = patch.$patch
  if (directive === "replace") return withoutDirectives(patch)
  if (directive === "delete") return {}
  if (directive !== undefined && directive !== "merge") {
    throw new StrategicMergeError(`unrecognized value for $patch: ${JSON.stringify(directive)}`)
  }
  const out = retainKeys({ ...original }, patch.$retainKeys)
  for (const [field, value] of Object.entries(patch)) {
    if (field === "$patch" || field === "$retainKeys" || field.startsWith(order)) continue
    if (field.startsWith(deletion)) deleteValues(out, field.slice(deletion.length), value)
    else mergeField(out, field, value, memberSchema(schema, field))
  }
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith(order) && Array.isArray(value)) {
      const name = field.slice(order.length)
      orderList(out, original[name], name, value, memberSchema(schema, name))
    }
  }
  return out
}

function retainKeys(object: JsonObject, keys: unknown): JsonObject {
  if (!Array.isArray(keys)) return object
  const kept = new Set(keys)
  return Object.fromEntries(Object.entries(object).filter(([field]) => kept.has(field)))
}

function mergeField(out: JsonObject, field: string, value: unknown, schema?: Schema): void {
  const strategies = schema?.["x-kubernetes-patch-strategy"]?.split(",") ?? []
  const before = Object.hasOwn(out, field) ? out[field] : undefined
  if (value === null) delete out[field]
  else if (isObject(value) && isObject(before) && !strategies.includes("replace")) {
    setField(out, field, strategicMerge(before, value, schema))
  } else if (Array.isArray(value) && Array.isArray(before) && strategies.includes("merge")) {
    const key = schema?.["x-kubernetes-patch-merge-key"]
    setField(
      out,
      field,
      mergeLists(before, value, key, (a, b) => strategicMerge(a, b, schema?.items)),
    )
  } else setField(out, field, withoutDirectives(value))
}

function deleteValues(out: JsonObject, field: string, values: unknown): void {
  const before = out[field]
  if (Array.isArray(before) && Array.isArray(values)) out[field] = removeValues(before, values)
}

function orderList(
  out: JsonObject,
  before: unknown,
  field: string,
  wanted: readonly unknown[],
  schema?: Schema,
): void {
  const list = out[field]
  if (!Array.isArray(list)) return
  const key = schema?.["x-kubernetes-patch-merge-key"]
  out[field] = inOrder(list, wanted, Array.isArray(before) ? before : [], key)
}
