import { ApiError, badRequest } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { applyConfiguration } from "../apply/apply-configuration.ts"
import { typeErrors } from "../apply/typed.ts"
import { isObject, type JsonObject, objectAt, stringAt } from "../json.ts"
import { apiVersionOf, keyOf, type ResourceType } from "../types/resource-type.ts"
import { wholeSchema } from "../types/whole-schema.ts"
import type { Core } from "./core.ts"
import { insert, resetStatus } from "./create.ts"
import { decodeBody } from "./decode-body.ts"
import { metadataForCreate } from "./metadata.ts"
import type { PatchOptions } from "./patch.ts"
import { modify, type ObjectTarget } from "./update.ts"

/** Server-side apply: makes the object when it is absent. */
export async function applyPatch(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  body: unknown,
  options: PatchOptions,
): Promise<ApiObject> {
  const configuration = checked(type, body)
  const { fieldManager = "" } = options
  if (fieldManager === "") {
    const message = `PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch`
    const required = {
      reason: "FieldValueRequired",
      message: "Required value: is required for apply patch",
      field: "fieldManager",
    }
    throw new ApiError(422, "Invalid", message, {
      group: "meta.k8s.io",
      kind: "PatchOptions",
      causes: [required],
    })
  }
  const stored = core.store.collection(type.collection).get(keyOf(target.namespace, target.name))
  const applied = { core, type, configuration, fieldManager, force: options.force === true }
  if (stored === undefined && target.subresource === "") {
    const live = newObject(type, target)
    const object = applyConfiguration({ ...applied, live, subresource: "" })
    const decoded = decodeBody(type, object, options)
    const { managedFields } = decoded.metadata
    const draft = type.conversion?.toStored(decoded) ?? decoded
    draft.metadata = metadataForCreate(core, type, target.namespace, draft.metadata)
    resetStatus(type, draft)
    if (managedFields) draft.metadata.managedFields = managedFields
    return insert(core, type, draft, options, true)
  }
  return modify(
    core,
    type,
    target,
    (live) => {
      const { subresource } = target
      const object = applyConfiguration({ ...applied, live, subresource })
      return decodeBody(type, object, options)
    },
    { ...options, managed: true },
  )
}

const newObject = (type: ResourceType, target: ObjectTarget): ApiObject => ({
  apiVersion: apiVersionOf(type),
  kind: type.kind,
  metadata: {
    name: target.name,
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
  },
})

function checked(type: ResourceType, body: unknown): JsonObject {
  if (!isObject(body)) throw badRequest("error decoding YAML: the body is not an object")
  const metadata = objectAt(body, "metadata")
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil")
  }
  const version = apiVersionOf(type)
  if (body.apiVersion !== version) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${String(body.apiVersion)}, expected: ${version}`,
    )
  }
  const errors = typeErrors(wholeSchema(type), body)
  if (errors.length > 0) {
    const name = `${stringAt(metadata, "namespace")}/${stringAt(metadata, "name")}`
    throw new ApiError(
      500,
      "",
      `failed to create typed patch object (${name}; ${version}, Kind=${type.kind}): ${errors.length === 1 ? errors[0] : `errors:\n${errors.map((e) => `  ${e}`).join("\n")}`}`,
    )
  }
  return body
}
