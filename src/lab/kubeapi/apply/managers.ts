import type { ApiObject, ManagedFieldsEntry } from "../api-object.ts"
import {
  type FieldSet,
  fromFields,
  isEmptySet,
  newSet,
  toFields,
  union,
  withoutBelow,
} from "./field-set.ts"

/** One manager of fields of an object: who, by which operation, in which version and subresource. */
export interface Manager {
  readonly manager: string
  readonly operation: "Apply" | "Update"
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string
  readonly set: FieldSet
  /** The entry that the set was read from, as long as it is unchanged. */
  readonly entry?: ManagedFieldsEntry
}

/** Managers by identity. */
export type Managers = Map<string, Manager>

export const managerKey = (m: Omit<Manager, "set" | "time">): string =>
  JSON.stringify([m.operation, m.manager, m.apiVersion, m.subresource])

/** Update managers of one object; the oldest are merged beyond that, as the API server does. */
const updateManagersMax = 10

export function parseManagers(entries: readonly ManagedFieldsEntry[] = []): Managers {
  const managers: Managers = new Map()
  for (const entry of entries) {
    const manager: Manager = {
      manager: entry.manager ?? "",
      operation: entry.operation ?? "Update",
      apiVersion: entry.apiVersion ?? "",
      subresource: entry.subresource ?? "",
      time: entry.time ?? "",
      set: fromFields(entry.fieldsV1),
      entry,
    }
    managers.set(managerKey(manager), manager)
  }
  return managers
}

/** What no one manages: the identity of the object and what the server itself writes. */
const unmanaged = ((): FieldSet => {
  const set = newSet()
  const metadata = newSet()
  for (const field of ["apiVersion", "kind", "metadata"]) set.members.add(`f:${field}`)
  for (const field of [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ]) {
    metadata.members.add(`f:${field}`)
  }
  set.children.set("f:metadata", metadata)
  return set
})()

/** `set` without the paths that no one manages; what is below metadata as a whole stays. */
export function managed(set: FieldSet): FieldSet {
  const { members, children } = set
  const metadata = children.get("f:metadata")
  const kept = metadata && withoutBelow(metadata, unmanaged.children.get("f:metadata") ?? newSet())
  const others = new Map([...children].filter(([e]) => e !== "f:metadata"))
  if (kept && !isEmptySet(kept)) others.set("f:metadata", kept)
  return {
    members: new Set([...members].filter((e) => !unmanaged.members.has(e))),
    children: others,
  }
}

/** Writes the managers into the object's metadata, in the order of the API server: applied ones first, then by time. */
export function writeManagers(object: ApiObject, managers: Managers): void {
  const kept = [...managers.values()]
    .map((m) => (m.entry ? m : { ...m, set: managed(m.set) }))
    .filter((m) => !isEmptySet(m.set))
  const entries = capped(kept).sort(byOrder).map(toEntry)
  if (entries.length > 0) object.metadata.managedFields = entries
  else delete object.metadata.managedFields
}

function byOrder(a: Manager, b: Manager): number {
  if (a.operation !== b.operation) return a.operation === "Apply" ? -1 : 1
  const order = (m: Manager) => [m.time, m.manager, m.apiVersion, m.subresource].join("\0")
  return order(a) < order(b) ? -1 : 1
}

export function withoutEntry({ entry: _, ...manager }: Manager): Manager {
  return manager
}

/** Merges the oldest Update managers of one version into "ancient-changes" when there are too many. */
function capped(managers: readonly Manager[]): Manager[] {
  const updates = managers.filter((m) => m.operation === "Update" && m.subresource === "")
  if (updates.length <= updateManagersMax) return [...managers]
  const oldest = updates.sort(byOrder).slice(0, updates.length - updateManagersMax + 1)
  const [first] = oldest
  if (first === undefined) return [...managers]
  const set = oldest.map((m) => m.set).reduce(union)
  const time =
    oldest
      .map((m) => m.time)
      .sort()
      .at(-1) ?? ""
  const ancient: Manager = { ...withoutEntry(first), manager: "ancient-changes", time, set }
  return [...managers.filter((m) => !oldest.includes(m)), ancient]
}

const toEntry = (m: Manager): ManagedFieldsEntry =>
  m.entry ?? {
    manager: m.manager,
    operation: m.operation,
    apiVersion: m.apiVersion,
    ...(m.time === "" ? {} : { time: m.time }),
    fieldsType: "FieldsV1",
    fieldsV1: toFields(m.set),
    ...(m.subresource === "" ? {} : { subresource: m.subresource }),
  }
