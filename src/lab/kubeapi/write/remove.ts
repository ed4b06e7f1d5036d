import { conflict, notFound } from "../api-error.ts"
import { type ApiObject, timeText } from "../api-object.ts"
import { clone, equal, isObject, type JsonObject, numberAt, stringAt } from "../json.ts"
import { strategyOf } from "../kinds/strategies.ts"
import { keyOf, keyOfObject, type ResourceType } from "../types/resource-type.ts"
import type { Core } from "./core.ts"

/** metav1.DeleteOptions. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: string
  readonly orphanDependents?: boolean
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
  readonly warn?: (text: string) => void
}

export interface Removal {
  readonly object: ApiObject
  /** False while finalizers or a grace period keep it. */
  readonly gone: boolean
}

export const orphanFinalizer = "orphan"
export const foregroundFinalizer = "foregroundDeletion"

/** DELETE of one object. What has finalizers or a grace period is only marked, and goes later. */
export async function remove(
  core: Core,
  type: ResourceType,
  target: { namespace?: string | undefined; name: string },
  options: DeleteOptions,
): Promise<Removal> {
  const collection = core.store.collection(type.collection)
  const key = keyOf(target.namespace, target.name)
  const current = collection.get(key)
  if (current === undefined) throw notFound(type, target.name)
  checkPreconditions(type, current, options)
  await core.admission({
    operation: "DELETE",
    type,
    subresource: "",
    oldObject: current,
    dryRun: options.dryRun === true,
    warn: options.warn ?? (() => {}),
  })
  const old = collection.get(key)
  if (old === undefined) throw notFound(type, target.name)
  return removeNow(core, type, old, options)
}

/** The removal itself, with no await in it. */
export function removeNow(
  core: Core,
  type: ResourceType,
  old: ApiObject,
  options: DeleteOptions,
): Removal {
  const draft = clone(old)
  const changed = markFinalizers(draft, options) | Number(markDeletion(core, type, draft, options))
  const seconds = draft.metadata.deletionGracePeriodSeconds ?? 0
  const kept = (draft.metadata.finalizers?.length ?? 0) > 0 || hasSpecFinalizers(type, draft)
  if (seconds > 0 || kept) {
    if (options.dryRun || !changed) return { object: changed ? draft : old, gone: false }
    draft.metadata.deletionTimestamp ??= timeText(core.clock.now())
    const object = core.store.put(type.collection, keyOfObject(old), draft)
    strategyOf(type).afterWrite?.(core, object, old)
    return { object, gone: false }
  }
  if (options.dryRun) return { object: draft, gone: true }
  const { resourceVersion = "" } = erase(core, type, old).metadata
  const object = type.collection === "/pods" ? draft : { ...old, metadata: { ...old.metadata } }
  object.metadata.resourceVersion = resourceVersion
  return { object, gone: true }
}

/** Sets the deletion time of what cannot go at once. True when that changed the object. */
function markDeletion(
  core: Core,
  type: ResourceType,
  draft: ApiObject,
  options: DeleteOptions,
): boolean {
  const { metadata } = draft
  const seconds = graceSeconds(type, draft, options)
  const already = metadata.deletionTimestamp !== undefined
  if (already && seconds >= (metadata.deletionGracePeriodSeconds ?? 0)) return false
  const start = already
    ? Date.parse(metadata.deletionTimestamp ?? "") -
      (metadata.deletionGracePeriodSeconds ?? 0) * 1000
    : core.clock.now()
  metadata.deletionTimestamp = timeText(start + seconds * 1000)
  metadata.deletionGracePeriodSeconds = seconds
  if (!already && metadata.generation !== undefined) metadata.generation++
  return true
}

/** Only pods have a grace period: none when no node runs them or they have ended. */
function graceSeconds(type: ResourceType, object: ApiObject, options: DeleteOptions): number {
  if (type.collection !== "/pods") return 0
  const phase = stringAt(object, "status", "phase")
  if (stringAt(object, "spec", "nodeName") === "" || phase === "Failed" || phase === "Succeeded")
    return 0
  const asked =
    options.gracePeriodSeconds ?? numberAt(object, "spec", "terminationGracePeriodSeconds")
  return asked < 0 ? 1 : asked
}

/** Adds what the propagation policy wants the garbage collector to see; 1 when the object changed. */
function markFinalizers(draft: ApiObject, options: DeleteOptions): number {
  const before = draft.metadata.finalizers ?? []
  const policy = options.orphanDependents === true ? "Orphan" : options.propagationPolicy
  const kept = before.filter(
    (f) => policy === undefined || (f !== orphanFinalizer && f !== foregroundFinalizer),
  )
  if (policy === "Orphan") kept.push(orphanFinalizer)
  if (policy === "Foreground") kept.push(foregroundFinalizer)
  if (equal(before, kept)) return 0
  draft.metadata.finalizers = kept
  return 1
}

const hasSpecFinalizers = (type: ResourceType, object: ApiObject): boolean =>
  type.collection === "/namespaces" &&
  isObject(object.spec) &&
  Array.isArray(object.spec.finalizers) &&
  object.spec.finalizers.length > 0

function checkPreconditions(type: ResourceType, object: ApiObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const subject = { ...type, plural: type.kind }
  const refuse = (what: string, wanted: string, is: string | undefined, since: string) => {
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${is}). The object might have been ${since}`
    throw conflict(subject, object.metadata.name, why)
  }
  if (uid !== undefined && uid !== object.metadata.uid)
    refuse("UID", uid, object.metadata.uid, "deleted and then recreated")
  if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
    refuse("ResourceVersion", resourceVersion, object.metadata.resourceVersion, "modified")
  }
}

/** Removes an object marked for deletion whose last finalizer `draft` has dropped. True when it is gone. */
export function finishDeletion(core: Core, type: ResourceType, draft: ApiObject): boolean {
  const { metadata } = draft
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers?.length ?? 0) > 0)
    return false
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0 || hasSpecFinalizers(type, draft)) return false
  erase(core, type, draft)
  return true
}

function erase(core: Core, type: ResourceType, object: ApiObject): ApiObject {
  const removed = core.store.remove(type.collection, keyOfObject(object)) ?? object
  strategyOf(type).afterRemove?.(core, removed)
  return removed
}

/** metav1.DeleteOptions out of a request body; unknown members are ignored. */
export function deleteOptions(body: unknown): DeleteOptions {
  if (!isObject(body)) return {}
  const options: JsonObject = {}
  for (const field of [
    "gracePeriodSeconds",
    "propagationPolicy",
    "orphanDependents",
    "preconditions",
  ]) {
    if (body[field] !== undefined && body[field] !== null) options[field] = body[field]
  }
  if (Array.isArray(body.dryRun) && body.dryRun.includes("All")) options.dryRun = true
  return options
}
