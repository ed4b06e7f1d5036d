import { type ApiObject, timeText } from "../api-object.ts"
import type { JsonObject } from "../json.ts"
import { apiVersionOf, type ResourceType } from "../types/resource-type.ts"
import { wholeSchema } from "../types/whole-schema.ts"
import type { Core, WriteOptions } from "../write/core.ts"
import { emptyObject } from "./empty-object.ts"
import { difference, emptySet, intersection, isEmptySet, union } from "./field-set.ts"
import {
  type Manager,
  type Managers,
  managed,
  managerKey,
  parseManagers,
  withoutEntry,
  writeManagers,
} from "./managers.ts"
import { type Comparison, compare } from "./typed-compare.ts"

export interface TrackedUpdate {
  readonly core: Core
  readonly type: ResourceType
  /** Absent for a create. */
  readonly before?: ApiObject
  /** The draft whose managedFields are written. */
  readonly after: ApiObject
  readonly subresource: string
  readonly options: WriteOptions
}

/**
 * Notes in a draft who set the fields that a create or update changes. An object that no one manages yet stays so
 * until something is applied to it.
 */
export function trackUpdate({
  core,
  type,
  before,
  after,
  subresource,
  options,
}: TrackedUpdate): void {
  const managers = parseManagers(before?.metadata.managedFields)
  if (before && managers.size === 0) return
  // Who manages what is told in terms of the version that the client wrote.
  const inVersion = (object: ApiObject) => type.conversion?.fromStored(object) ?? object
  const from: JsonObject = before ? inVersion(before) : emptyObject(type)
  const comparison = compare(wholeSchema(type), from, inVersion(after))
  const self: Manager = {
    manager: options.fieldManager ?? "unknown",
    operation: "Update",
    apiVersion: apiVersionOf(type),
    subresource,
    // The API server does not date what is set through scale.
    time: subresource === "scale" ? "" : timeText(core.clock.now()),
    set: emptySet,
  }
  writeManagers(after, withUpdate(managers, comparison, self))
}

/** The managers after an update by `self`: it takes what it changed, everyone loses what it removed. */
export function withUpdate(managers: Managers, comparison: Comparison, self: Manager): Managers {
  const changed = managed(union(comparison.added, comparison.modified))
  const out = yielded(managers, comparison)
  if (isEmptySet(changed)) return out
  const key = managerKey(self)
  const set = union(out.get(key)?.set ?? emptySet, changed)
  out.set(key, { ...self, set })
  return out
}

/** The managers without what was changed by another or removed. */
export function yielded(managers: Managers, comparison: Comparison, except?: string): Managers {
  const changed = union(comparison.added, comparison.modified)
  const out: Managers = new Map()
  for (const [key, manager] of managers) {
    if (key === except) {
      out.set(key, manager)
      continue
    }
    const lost = intersection(manager.set, union(changed, comparison.removed))
    const set = isEmptySet(lost) ? manager.set : difference(manager.set, lost)
    if (set === manager.set) out.set(key, manager)
    else if (!isEmptySet(set)) out.set(key, { ...withoutEntry(manager), set })
  }
  return out
}

/** An object to compare by: the times of its managers are not a change. */
export function withoutManagedTimes(object: ApiObject): ApiObject {
  const { managedFields } = object.metadata
  if (managedFields === undefined) return object
  const entries = managedFields.map(({ time: _, ...entry }) => entry)
  return { ...object, metadata: { ...object.metadata, managedFields: entries } }
}
