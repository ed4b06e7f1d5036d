import { ApiError, badRequest } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { at, clone, isObject, type JsonObject, numberAt } from "../json.ts"
import { jsonPatch } from "../patch/json-patch.ts"
import { mergePatch } from "../patch/merge-patch.ts"
import { getObject } from "../read/list.ts"
import { selectorText } from "../selectors/selector-object.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { Core, WriteOptions } from "./core.ts"
import type { PatchKind } from "./patch.ts"
import { modify, type ObjectTarget } from "./update.ts"

/** autoscaling/v1 Scale of an object whose kind has the subresource. */
export const getScale = (core: Core, type: ResourceType, target: ObjectTarget): JsonObject =>
  scaleOf(type, getObject(core.store, type, target.namespace, target.name))

function scaleOf(type: ResourceType, object: ApiObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const paths = type.scale
  const replicas = paths ? at(object, ...paths.spec.split(".")) : undefined
  const observed = paths ? at(object, ...paths.status.split(".")) : undefined
  const selector = paths?.selector ? at(object, ...paths.selector.split(".")) : undefined
  if (type.custom && replicas === undefined) {
    const message = `the spec replicas field ".${paths?.spec}" does not exist`
    const causes = [{ message }]
    throw new ApiError(500, "InternalError", `Internal error occurred: ${message}`, { causes })
  }
  const text = typeof selector === "string" ? selector : selectorText(selector)
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: typeof replicas === "number" ? { replicas } : {},
    status: {
      replicas: typeof observed === "number" ? observed : 0,
      ...(selector === undefined ? {} : { selector: text }),
    },
  }
}

export const putScale = (
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  body: unknown,
  options: WriteOptions,
): Promise<JsonObject> => change(core, type, target, () => body, options)

export const patchScale = (
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  { kind, body }: { kind: PatchKind; body: unknown },
  options: WriteOptions,
): Promise<JsonObject> =>
  change(
    core,
    type,
    target,
    (scale) =>
      kind === "json" && Array.isArray(body) ? jsonPatch(scale, body) : mergePatch(scale, body),
    options,
  )

async function change(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  wanted: (scale: JsonObject) => unknown,
  options: WriteOptions,
): Promise<JsonObject> {
  const edit = (object: ApiObject): ApiObject => {
    const scale = wanted(scaleOf(type, object))
    if (!isObject(scale)) throw badRequest("the body is not a Scale")
    const version = at(scale, "metadata", "resourceVersion")
    const next = clone(object)
    set(next, type.scale?.spec.split(".") ?? [], numberAt(scale, "spec", "replicas"))
    if (typeof version === "string" && version !== "") next.metadata.resourceVersion = version
    return next
  }
  return scaleOf(type, await modify(core, type, { ...target, subresource: "scale" }, edit, options))
}

function set(object: JsonObject, path: readonly string[], value: unknown): void {
  const [field = "", ...rest] = path
  if (rest.length === 0) object[field] = value
  else {
    if (!isObject(object[field])) object[field] = {}
    const member = object[field]
    if (isObject(member)) set(member, rest, value)
  }
}
