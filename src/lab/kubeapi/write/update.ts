import {
  ApiError,
  badRequest,
  complaint,
  conflict,
  invalid,
  notFound,
  stale,
} from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { trackUpdate, withoutManagedTimes } from "../apply/managed-fields.ts"
import { customCauses, customDefaults } from "../crd/custom-object.ts"
import { clone, equal } from "../json.ts"
import { strategyOf } from "../kinds/strategies.ts"
import { keyOf, type ResourceType } from "../types/resource-type.ts"
import type { Core, WriteOptions } from "./core.ts"
import { out, refuse } from "./create.ts"
import { decodeBody } from "./decode-body.ts"
import { enumCauses } from "./enums.ts"
import { metadataCauses, metadataForUpdate, specChanged } from "./metadata.ts"
import { finishDeletion } from "./remove.ts"

export interface ObjectTarget {
  readonly namespace?: string | undefined
  readonly name: string
  /** "" for the object itself. */
  readonly subresource: string
}

export interface UpdateOptions extends WriteOptions {
  /** Set when `change` has kept metadata.managedFields itself (server-side apply). */
  readonly managed?: boolean
}

/** Tries against writes that come between; the API server's patch handler gives up after as many. */
const attempts = 5

/**
 * Changes a stored object. `change` gets it in the version of `type` and returns what the client wants it to be;
 * it runs again when another write comes between, unless the result names a resourceVersion, which must then match.
 */
export async function modify(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  change: (current: ApiObject) => ApiObject,
  options: UpdateOptions,
): Promise<ApiObject> {
  const collection = core.store.collection(type.collection)
  const key = keyOf(target.namespace, target.name)
  for (let attempt = 1; ; attempt++) {
    const old = collection.get(key)
    if (old === undefined) throw notFound(type, target.name)
    const wanted = change(out(type, old))
    checkName(type, target, wanted)
    const draft = updateDraft(core, type, target, { wanted, old, options })
    if (sameButTimes(draft, old)) return out(type, old)
    await admit(core, type, target, { draft, old, options })
    if (collection.get(key) === old) return commit(core, type, key, { draft, old, options })
    if (attempt === attempts) throw stale(type, target.name)
  }
}

/** PUT of a whole object. */
export function replace(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  body: unknown,
  options: WriteOptions,
): Promise<ApiObject> {
  const decoded = decodeBody(type, body, options)
  checkName(type, target, decoded)
  return modify(core, type, target, () => decoded, options)
}

function checkName(type: ResourceType, target: ObjectTarget, wanted: ApiObject): void {
  const { name, namespace } = wanted.metadata
  if (name !== undefined && name !== target.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${target.name})`,
    )
  }
  if (type.namespaced && namespace !== undefined && namespace !== target.namespace) {
    throw badRequest(
      `the namespace of the object (${namespace}) does not match the namespace on the URL (${target.namespace})`,
    )
  }
}

interface Step {
  readonly draft: ApiObject
  readonly old: ApiObject
  readonly options: UpdateOptions
}

/** Kinds whose updates must say which version they are of. */
const conditional = new Set([
  "coordination.k8s.io/leases",
  "policy/poddisruptionbudgets",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/csidrivers",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "apiextensions.k8s.io/customresourcedefinitions",
])

function checkPreconditions(type: ResourceType, wanted: ApiObject, old: ApiObject): void {
  const { uid, resourceVersion } = wanted.metadata
  const { name } = old.metadata
  if (!resourceVersion && (type.custom || conditional.has(type.collection))) {
    const cause = complaint.invalid(
      "metadata.resourceVersion",
      0,
      "must be specified for an update",
    )
    throw invalid({ ...type, kind: type.plural }, name, [cause])
  }
  if (uid !== undefined && uid !== "" && uid !== old.metadata.uid) {
    throw conflict(
      type,
      name,
      `StorageError: invalid object, Code: 4, Key: ${storageKey(type, old)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    )
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== "" &&
    resourceVersion !== old.metadata.resourceVersion
  ) {
    if (!/^\d+$/.test(resourceVersion)) {
      throw new ApiError(
        422,
        "Invalid",
        `${type.kind} "${name}" is invalid: metadata.resourceVersion: Invalid value: "${resourceVersion}": must be specified for an update`,
      )
    }
    throw stale(type, name)
  }
}

/** The key in etcd, which is part of the message. */
const storageKey = (type: ResourceType, { metadata }: ApiObject): string =>
  `/registry/${type.custom ? `${type.group}/` : ""}${type.plural}/${keyOf(metadata.namespace, metadata.name)}`

function updateDraft(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  { wanted, old, options }: { wanted: ApiObject; old: ApiObject; options: UpdateOptions },
): ApiObject {
  checkPreconditions(type, wanted, old)
  const strategy = strategyOf(type)
  const { subresource } = target
  const statusOnly = subresource === "status" && type.status
  const draft = draftOf(type.conversion?.toStored(wanted) ?? wanted, statusOnly)
  draft.apiVersion = old.apiVersion
  draft.metadata = metadataForUpdate(type, draft.metadata, old.metadata)
  if (!options.managed) keepManagers(draft, old)
  keepHalves(type, subresource, draft, old)
  if (type.custom) customDefaults(type, draft, statusOnly)
  if (!statusOnly) strategy.defaults?.(draft)
  if (!options.managed) trackUpdate({ core, type, before: old, after: draft, subresource, options })
  if (subresource === "") strategy.onUpdate?.(draft, old, core)
  const counted = (type.generation || type.custom) && subresource !== "binding"
  if (counted && specChanged(type, draft, old)) {
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1
  }
  refuse(type, draft, [
    ...metadataCauses(type, draft, old),
    ...(type.custom ? customCauses(type, draft, old) : []),
    ...(strategy.validate?.(draft, old, subresource) ?? []),
    ...(type.custom || statusOnly ? [] : enumCauses(type.schema, draft)),
  ])
  return draft
}

/** A copy to complete. A write of the status is most of what a cluster does, and needs no copy of the spec. */
const draftOf = (wanted: ApiObject, statusOnly: boolean): ApiObject =>
  statusOnly
    ? { ...wanted, metadata: clone(wanted.metadata), status: clone(wanted.status) }
    : clone(wanted)

/** Clients send back what they read; who manages what is decided here. */
function keepManagers(draft: ApiObject, old: ApiObject): void {
  const { managedFields } = old.metadata
  if (managedFields) draft.metadata.managedFields = managedFields
  else delete draft.metadata.managedFields
}

/** A write to the object keeps its status, a write to the status keeps the rest; what is kept is shared with `old`. */
function keepHalves(
  type: ResourceType,
  subresource: string,
  draft: ApiObject,
  old: ApiObject,
): void {
  if (subresource === "") {
    if (type.status) keepField(draft, old, "status")
  } else if (subresource === "status" && type.custom) {
    const { status, metadata } = draft
    for (const field of Object.keys(draft)) delete draft[field]
    const { managedFields } = metadata
    Object.assign(draft, old, { metadata: { ...old.metadata }, status })
    if (managedFields) draft.metadata.managedFields = managedFields
    if (status === undefined) delete draft.status
  } else if (subresource === "status") {
    keepField(draft, old, "spec")
    const { ownerReferences } = old.metadata
    if (ownerReferences) draft.metadata.ownerReferences = ownerReferences
    else delete draft.metadata.ownerReferences
  }
}

function keepField(draft: ApiObject, old: ApiObject, field: "spec" | "status"): void {
  if (old[field] === undefined) delete draft[field]
  else draft[field] = old[field]
}

/** A write that changes nothing but the times of its manager is no write. */
const sameButTimes = (draft: ApiObject, old: ApiObject): boolean =>
  equal(withoutManagedTimes(draft), withoutManagedTimes(old))

function admit(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  { draft, old, options }: Step,
) {
  strategyOf(type).admit?.(draft, core, old)
  return core.admission({
    operation: "UPDATE",
    type,
    subresource: target.subresource,
    object: draft,
    oldObject: old,
    dryRun: options.dryRun === true,
    warn: options.warn ?? (() => {}),
  })
}

function commit(
  core: Core,
  type: ResourceType,
  key: string,
  { draft, old, options }: Step,
): ApiObject {
  if (options.dryRun) return out(type, draft)
  if (finishDeletion(core, type, draft)) return out(type, draft)
  const stored = core.store.put(type.collection, key, draft)
  strategyOf(type).afterWrite?.(core, stored, old)
  return out(type, stored)
}
