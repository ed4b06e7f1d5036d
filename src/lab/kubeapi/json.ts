/** JSON values as the API stores them: plain data, never mutated once stored. */
export type JsonObject = { [field: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {})
export const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const asString = (value: unknown): string => (typeof value === "string" ? value : "")
export const asNumber = (value: unknown, fallback = 0): number =>
  typeof value === "number" ? value : fallback

/** The value at a path of field names, undefined when any step is absent. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value
  for (const field of path) {
    if (!isObject(here)) return undefined
    here = here[field]
  }
  return here
}

export const objectAt = (value: unknown, ...path: readonly string[]) => asObject(at(value, ...path))
export const arrayAt = (value: unknown, ...path: readonly string[]) => asArray(at(value, ...path))
export const stringAt = (value: unknown, ...path: readonly string[]) => asString(at(value, ...path))
export const numberAt = (value: unknown, ...path: readonly string[]) => asNumber(at(value, ...path))

/** Objects of a list, whatever else it holds left out. */
export const objectsAt = (value: unknown, ...path: readonly string[]): readonly JsonObject[] =>
  arrayAt(value, ...path).filter(isObject)

/** True for nothing, and for a list or object with nothing in it. */
export const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0)

/** Deep copy; `undefined` members are dropped, as a trip through JSON would. */
export function clone<T>(value: T): T
export function clone(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((v) => clone(v))
  if (!isObject(value)) return value
  const out: JsonObject = {}
  for (const field of Object.keys(value)) {
    const member = value[field]
    if (member !== undefined) setField(out, field, clone(member))
  }
  return out
}

/** Sets an own property, also one named "__proto__", which a plain assignment would not. */
export function setField(object: JsonObject, field: string, value: unknown): void {
  if (field === "__proto__")
    Object.defineProperty(object, field, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  else object[field] = value
}

/** Freezes deeply. A frozen part is taken to be frozen all through, so that shared parts cost nothing. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const member of Object.values(value)) freeze(member)
  return value
}

/** Equal as JSON; the order of fields does not matter. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((v, i) => equal(v, b[i]))
  }
  if (!isObject(a) || !isObject(b)) return false
  const fields = Object.keys(a)
  if (fields.length !== Object.keys(b).length) return false
  return fields.every((f) => Object.hasOwn(b, f) && equal(a[f], b[f]))
}
