import { isObject, type JsonObject, setField } from "../json.ts"

/** RFC 7396: null removes, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const out: JsonObject = isObject(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete out[field]
    else setField(out, field, mergePatch(Object.hasOwn(out, field) ? out[field] : undefined, value))
  }
  return out
}
