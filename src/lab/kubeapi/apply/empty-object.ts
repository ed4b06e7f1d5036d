import { freeze, type JsonObject } from "../json.ts"
import { decodeBuiltin } from "../types/decode.ts"
import type { ResourceType } from "../types/resource-type.ts"

const made = new WeakMap<ResourceType, JsonObject>()

/**
 * A new object of a kind as Go's zero value writes it: structs that are not behind pointers are there, required lists
 * and pointers are null. A create is compared with it, so these are no one's doing.
 */
export function emptyObject(type: ResourceType): JsonObject {
  if (type.custom) return {}
  let empty = made.get(type)
  if (empty === undefined) {
    empty = freeze(decodeBuiltin(type.schema, {}, type.kind).object)
    made.set(type, empty)
  }
  return empty
}
