import { badRequest, type Cause, complaint } from "../api-error.ts"
import { type ApiObject, type Meta, timeText } from "../api-object.ts"
import { equal } from "../json.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { Core } from "./core.ts"
import { labelValueTexts, nameCauses, qualifiedNameTexts } from "./object-name.ts"

/** Without vowels and easily confused characters, as apimachinery's rand.String. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789"
const suffixLength = 5
const generatedMax = 63 - suffixLength
const annotationBytesMax = 256 * 1024

/** `base` with a random suffix, as generateName does. */
export function generatedName(base: string, random: () => number): string {
  let suffix = ""
  for (let i = 0; i < suffixLength; i++) suffix += alphabet[Math.floor(random() * alphabet.length)]
  return `${base.slice(0, generatedMax)}${suffix}`
}

/** Metadata of a new object: what the client may set, and what the server sets. */
export function metadataForCreate(
  core: Core,
  type: ResourceType,
  namespace: string | undefined,
  given: Meta,
): Meta {
  const { generateName } = given
  const name = given.name || (generateName ? generatedName(generateName, core.random) : "")
  const meta: Meta = { ...given, name }
  for (const field of serverFields) delete meta[field]
  if (type.namespaced) meta.namespace = checkNamespace(namespace, given.namespace)
  else delete meta.namespace
  meta.uid = core.uid()
  meta.creationTimestamp = timeText(core.clock.now())
  if (type.generation || type.custom) meta.generation = 1
  return meta
}

const serverFields = [
  "resourceVersion",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "managedFields",
] as const

export function checkNamespace(requested: string | undefined, given: string | undefined): string {
  if (given !== undefined && given !== "" && requested !== undefined && given !== requested) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    )
  }
  return requested ?? given ?? "default"
}

/** Metadata of an update: server-owned fields keep the stored values, whatever the client sent. */
export function metadataForUpdate(type: ResourceType, given: Meta, old: Meta): Meta {
  const meta: Meta = { ...given, name: old.name }
  for (const field of keptFields) {
    const value = old[field]
    if (value === undefined) delete meta[field]
    else Object.assign(meta, { [field]: value })
  }
  if (!type.namespaced) delete meta.namespace
  return meta
}

const keptFields = [
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "generateName",
  "resourceVersion",
] as const

/** What every object's metadata must satisfy. */
export function metadataCauses(type: ResourceType, object: ApiObject, old?: ApiObject): Cause[] {
  const { metadata } = object
  return [
    ...(old
      ? immutableCauses(metadata, old.metadata)
      : nameCauses(type.collection, metadata.name, metadata.generateName !== undefined)),
    ...labelCauses("metadata.labels", metadata.labels),
    ...annotationCauses(metadata.annotations),
    ...ownerCauses(metadata),
    ...finalizerCauses(metadata, old?.metadata),
  ]
}

function immutableCauses(meta: Meta, old: Meta): Cause[] {
  return (["name", "namespace", "uid"] as const)
    .filter((f) => meta[f] !== undefined && meta[f] !== old[f])
    .map((f) => complaint.invalid(`metadata.${f}`, meta[f], "field is immutable"))
}

export const labelCauses = (path: string, labels: Readonly<Record<string, string>> = {}): Cause[] =>
  Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameTexts(key).map((text) => complaint.invalid(path, key, text)),
    ...labelValueTexts(value).map((text) => complaint.invalid(path, value, text)),
  ])

function annotationCauses(annotations: Readonly<Record<string, string>> = {}): Cause[] {
  const bytes = Object.entries(annotations).reduce((sum, [k, v]) => sum + k.length + v.length, 0)
  return [
    ...Object.keys(annotations).flatMap((key) =>
      qualifiedNameTexts(key.toLowerCase()).map((text) =>
        complaint.invalid("metadata.annotations", key, text),
      ),
    ),
    ...(bytes > annotationBytesMax
      ? [
          {
            reason: "FieldValueTooLong",
            message: `Too long: may not be more than ${annotationBytesMax} bytes`,
            field: "metadata.annotations",
          },
        ]
      : []),
  ]
}

function ownerCauses(meta: Meta): Cause[] {
  const owners = meta.ownerReferences ?? []
  const causes = owners.flatMap((owner, i) =>
    (["apiVersion", "kind", "name", "uid"] as const)
      .filter((field) => !owner[field])
      .map((field) =>
        complaint.invalid(`metadata.ownerReferences[${i}].${field}`, "", `must not be empty`),
      ),
  )
  const controllers = owners.filter((o) => o.controller === true)
  if (controllers.length > 1) {
    causes.push(
      complaint.invalid(
        "metadata.ownerReferences",
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controllers.map((c) => c.name).join(" and ")}`,
      ),
    )
  }
  return causes
}

function finalizerCauses(meta: Meta, old: Meta | undefined): Cause[] {
  if (old?.deletionTimestamp === undefined) return []
  const added = (meta.finalizers ?? []).filter((f) => !old.finalizers?.includes(f))
  if (added.length === 0) return []
  return [
    complaint.forbidden(
      "metadata.finalizers",
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(", ")}}`,
    ),
  ]
}

/** True when a write changed what generation counts: the spec of built-in kinds, all but metadata and status of others. */
export function specChanged(type: ResourceType, object: ApiObject, old: ApiObject): boolean {
  if (!type.custom) {
    const counted = (o: ApiObject) => (type.collection in wholeObject ? rest(o) : o.spec)
    return !equal(counted(object), counted(old))
  }
  return !equal(rest(object), rest(old))
}

/** Kinds without a spec whose whole content is counted. */
const wholeObject: Readonly<Record<string, true>> = {
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": true,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": true,
  "discovery.k8s.io/endpointslices": true,
  "/podtemplates": true,
}

function rest(object: ApiObject): Partial<ApiObject> {
  const { metadata: _, status: __, ...others } = object
  return others
}
