import { ApiError, type Cause } from "../api-error.ts"
import { type ApiObject, timeText } from "../api-object.ts"
import { isObject, type JsonObject } from "../json.ts"
import { apiVersionOf, type ResourceType } from "../types/resource-type.ts"
import type { Schema } from "../types/schema.ts"
import { wholeSchema } from "../types/whole-schema.ts"
import type { Core } from "../write/core.ts"
import { emptyObject } from "./empty-object.ts"
import {
  difference,
  emptySet,
  type FieldSet,
  intersection,
  isEmptySet,
  paths,
  pathText,
  union,
  withoutBelow,
} from "./field-set.ts"
import { withUpdate, yielded } from "./managed-fields.ts"
import {
  type Manager,
  type Managers,
  managed,
  managerKey,
  parseManagers,
  writeManagers,
} from "./managers.ts"
import { compare } from "./typed-compare.ts"
import { mergeApplied, removeFields, withNamedFields } from "./typed-merge.ts"
import { fieldSetOf } from "./typed-set.ts"

export interface Applied {
  readonly core: Core
  readonly type: ResourceType
  /** The stored object; for a create, the identity that it will have. */
  readonly live: ApiObject
  readonly configuration: JsonObject
  readonly subresource: string
  readonly fieldManager: string
  readonly force: boolean
}

/**
 * The live object with an applied configuration merged in: what the manager no longer names goes unless another
 * manages it. Throws 409 for fields that others manage with other values, unless forced.
 */
export function applyConfiguration(applied: Applied): ApiObject {
  const { core, type, live, configuration, subresource } = applied
  const schema = wholeSchema(type)
  const managers = managersOf(applied, schema)
  const self: Manager = {
    manager: applied.fieldManager,
    operation: "Apply",
    apiVersion: apiVersionOf(type),
    subresource,
    time: timeText(core.clock.now()),
    set: ownSet(schema, configuration, type, subresource),
  }
  const key = managerKey(self)
  const last = managers.get(key)?.set
  managers.set(key, self)
  const merged = mergeApplied(schema, live, configuration)
  const pruned = last && !isEmptySet(last) ? prune(schema, { merged, last, managers }) : merged
  const object = asApiObject(pruned, live)
  const comparison = compare(schema, live, object)
  const conflicts = conflictsOf(managers, key, union(comparison.added, comparison.modified))
  if (conflicts.length > 0 && !applied.force) throw conflictError(conflicts)
  writeManagers(object, yielded(managers, comparison, key))
  return object
}

/** Managers of the live object; one that no one manages was made by "before-first-apply". */
function managersOf({ core, type, live }: Applied, schema: Schema): Managers {
  const managers = parseManagers(live.metadata.managedFields)
  if (managers.size > 0 || live.metadata.uid === undefined) return managers
  const before: Manager = {
    manager: "before-first-apply",
    operation: "Update",
    apiVersion: apiVersionOf(type),
    subresource: "",
    time: timeText(core.clock.now()),
    set: emptySet,
  }
  return withUpdate(managers, compare(schema, emptyObject(type), live), before)
}

/** What the configuration sets, but for what this endpoint would not store. */
function ownSet(
  schema: Schema,
  configuration: JsonObject,
  type: ResourceType,
  subresource: string,
): FieldSet {
  const ignored = subresource === "status" ? ["f:spec"] : type.status ? ["f:status"] : []
  const reset: FieldSet = { members: new Set(ignored), children: new Map() }
  return managed(withoutBelow(fieldSetOf(schema, configuration), reset))
}

interface Pruning {
  readonly merged: unknown
  readonly last: FieldSet
  readonly managers: Managers
}

/** Takes away what was applied before and is not now, except what another manager has or what hangs on it. */
function prune(schema: Schema, { merged, last, managers }: Pruning): unknown {
  const named = (set: FieldSet) => withNamedFields(schema, set)
  const pruned = removeFields(schema, merged, named(last))
  const mergedSet = fieldSetOf(schema, merged)
  const owned = [...managers.values()].map((m) => m.set).reduce(union, emptySet)
  const remove = (value: unknown, kept: FieldSet, only?: FieldSet): unknown => {
    const gone = difference(named(mergedSet), union(named(fieldSetOf(schema, value)), named(kept)))
    return removeFields(schema, merged, only ? intersection(gone, only) : gone)
  }
  const withOwned = remove(pruned, owned)
  return remove(withOwned, emptySet, named(last))
}

function asApiObject(value: unknown, live: ApiObject): ApiObject {
  const object = isObject(value) ? value : {}
  const metadata = isObject(object.metadata) ? object.metadata : {}
  return {
    ...object,
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: { ...metadata, name: live.metadata.name },
  }
}

interface Conflict {
  readonly manager: Manager
  readonly path: string
}

function conflictsOf(managers: Managers, self: string, changed: FieldSet): Conflict[] {
  return [...managers].flatMap(([key, manager]) =>
    key === self
      ? []
      : [...paths(intersection(manager.set, changed))].map((path) => ({
          manager,
          path: pathText(path),
        })),
  )
}

function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.map(
    ({ manager, path }): Cause => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${describe(manager)}`,
      field: path,
    }),
  )
  const [only] = conflicts
  if (conflicts.length === 1 && only) {
    const text = `Apply failed with 1 conflict: conflict with ${describe(only.manager)}: ${only.path}`
    return new ApiError(409, "Conflict", text, { causes })
  }
  const byManager = Map.groupBy(conflicts, (c) => describe(c.manager))
  const lines = [...byManager]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, own]) => [`conflicts with ${name}:`, ...own.map((c) => `- ${c.path}`)])
  const text = `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`
  return new ApiError(409, "Conflict", text, { causes })
}

function describe({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager)
  const of = subresource === "" ? name : `${name} with subresource ${JSON.stringify(subresource)}`
  return operation === "Update" ? `${of} using ${apiVersion}` : of
}
