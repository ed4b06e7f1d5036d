import { ApiError, alreadyExists, type Cause, forbidden, invalid, notFound } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { emptyObject } from "../apply/empty-object.ts"
import { trackUpdate } from "../apply/managed-fields.ts"
import { customCauses, customDefaults } from "../crd/custom-object.ts"
import { clone } from "../json.ts"
import { strategyOf } from "../kinds/strategies.ts"
import { keyOf, type ResourceType } from "../types/resource-type.ts"
import type { Core, WriteOptions } from "./core.ts"
import { decodeBody } from "./decode-body.ts"
import { enumCauses } from "./enums.ts"
import { metadataCauses, metadataForCreate } from "./metadata.ts"

/** Generated names are tried again when taken, as the API server does since 1.32. */
const generateAttempts = 8

/** POST of a new object. Returns it in the version of `type`; a dry run stores nothing. */
export async function create(
  core: Core,
  type: ResourceType,
  namespace: string | undefined,
  body: unknown,
  options: WriteOptions,
): Promise<ApiObject> {
  const decoded = decodeBody(type, body, options)
  for (let attempt = 1; ; attempt++) {
    const draft = draftOf(core, type, namespace, decoded)
    const generated = !decoded.metadata.name && draft.metadata.generateName !== undefined
    const taken = core.store
      .collection(type.collection)
      .get(keyOf(draft.metadata.namespace, draft.metadata.name))
    if (taken && generated && attempt < generateAttempts) continue
    return await insert(core, type, draft, options)
  }
}

function draftOf(
  core: Core,
  type: ResourceType,
  namespace: string | undefined,
  decoded: ApiObject,
): ApiObject {
  const draft = clone(type.conversion?.toStored(decoded) ?? decoded)
  draft.metadata = metadataForCreate(core, type, namespace, draft.metadata)
  resetStatus(type, draft)
  return draft
}

/** A new object's status is its kind's empty one, whatever the client sent. */
export function resetStatus(type: ResourceType, draft: ApiObject): void {
  if (!type.status) return
  const { status } = emptyObject(type)
  if (status === undefined) delete draft.status
  else draft.status = clone(status)
}

/** Stores a new object made of `draft`, which has its final name, after defaults, admission and validation. */
export async function insert(
  core: Core,
  type: ResourceType,
  draft: ApiObject,
  options: WriteOptions,
  managed = false,
): Promise<ApiObject> {
  const strategy = strategyOf(type)
  checkNamespaceOpen(core, type, draft)
  if (type.custom) customDefaults(type, draft)
  strategy.defaults?.(draft)
  // Before what the server itself adds: no client manages that.
  if (!managed) trackUpdate({ core, type, after: draft, subresource: "", options })
  strategy.onCreate?.(draft, core)
  refuse(type, draft, [
    ...metadataCauses(type, draft),
    ...(type.custom ? customCauses(type, draft) : []),
    ...(strategy.validate?.(draft) ?? []),
    ...(type.custom ? [] : enumCauses(type.schema, draft)),
  ])
  const dryRun = options.dryRun === true
  const warn = options.warn ?? (() => {})
  strategy.admit?.(draft, core)
  await core.admission({ operation: "CREATE", type, subresource: "", object: draft, dryRun, warn })
  const key = keyOf(draft.metadata.namespace, draft.metadata.name)
  if (core.store.collection(type.collection).get(key))
    throw alreadyExists(type, draft.metadata.name)
  if (dryRun) return out(type, draft)
  const stored = core.store.put(type.collection, key, draft)
  strategy.afterWrite?.(core, stored)
  return out(type, stored)
}

/** The stored object in the version that was asked for. */
export function out(type: ResourceType, stored: ApiObject): ApiObject {
  if (type.conversion) return type.conversion.fromStored(stored)
  const apiVersion = type.group === "" ? type.version : `${type.group}/${type.version}`
  return stored.apiVersion === apiVersion ? stored : { ...stored, apiVersion }
}

export function refuse(type: ResourceType, object: ApiObject, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid(type, object.metadata.name, causes)
}

/** NamespaceLifecycle: nothing is made in a namespace that is absent or ends. */
function checkNamespaceOpen(core: Core, type: ResourceType, draft: ApiObject): void {
  const name = draft.metadata.namespace
  if (!type.namespaced || name === undefined) return
  const namespace = core.store.collection("/namespaces").get(name)
  if (namespace === undefined)
    throw notFound({ group: "", plural: "namespaces", kind: "Namespace" }, name)
  if (namespace.metadata.deletionTimestamp === undefined) return
  const why = `unable to create new content in namespace ${name} because it is being terminated`
  const { message, details } = forbidden(type, draft.metadata.name, why)
  throw new ApiError(403, "Forbidden", message, {
    ...details,
    causes: [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${name} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  })
}
