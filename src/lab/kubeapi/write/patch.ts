import { ApiError, badRequest, complaint } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { asArray, clone, isObject } from "../json.ts"
import { JsonPatchError, jsonPatch } from "../patch/json-patch.ts"
import { mergePatch } from "../patch/merge-patch.ts"
import { StrategicMergeError } from "../patch/strategic-list.ts"
import { strategicMerge } from "../patch/strategic-merge.ts"
import type { ResourceType } from "../types/resource-type.ts"
import { applyPatch } from "./apply.ts"
import type { Core, WriteOptions } from "./core.ts"
import { decodeBody } from "./decode-body.ts"
import { modify, type ObjectTarget } from "./update.ts"

export type PatchKind = "json" | "merge" | "strategic" | "apply"

export interface PatchOptions extends WriteOptions {
  /** Of apply: takes over fields that others manage. */
  readonly force?: boolean
}

/** PATCH of an object or its subresource. */
export async function patch(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  { kind, body }: { kind: PatchKind; body: unknown },
  options: PatchOptions,
): Promise<ApiObject> {
  if (kind === "apply") return applyPatch(core, type, target, body, options)
  if (kind === "strategic" && type.custom) {
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )
  }
  if (kind === "json" ? !Array.isArray(body) : !isObject(body)) {
    const got = Array.isArray(body) ? "array" : isObject(body) ? "object" : typeof body
    const type = kind === "json" ? "[]handlers.jsonPatchOp" : "map[string]interface {}"
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${got} into Go value of type ${type}`,
    )
  }
  // Fields of the stored object are known; only what the patch brings may be unknown.
  return modify(
    core,
    type,
    target,
    (current) => {
      const patched = patchedObject(type, current, kind, body)
      return decodePatched(type, patched, options)
    },
    options,
  )
}

/** The API server words what a patch breaks as a complaint about the patch. */
function decodePatched(type: ResourceType, patched: unknown, options: WriteOptions): ApiObject {
  try {
    return decodeBody(type, patched, options)
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === "BadRequest")) throw error
    const text = error.message.replace(/^.* cannot be handled as a \w+: /, "")
    const cause = complaint.invalid("patch", JSON.stringify(patched), text)
    throw new ApiError(422, "Invalid", ` "" is invalid: patch: ${cause.message}`, {
      causes: [cause],
    })
  }
}

function patchedObject(
  type: ResourceType,
  current: ApiObject,
  kind: PatchKind,
  body: unknown,
): unknown {
  try {
    if (kind === "json") return jsonPatch(current, asArray(body))
    if (kind === "merge") return mergePatch(current, body)
    return strategicMerge(clone(current), isObject(body) ? body : {}, type.schema)
  } catch (error) {
    if (error instanceof JsonPatchError) {
      throw new ApiError(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
        {},
      )
    }
    if (error instanceof StrategicMergeError) throw badRequest(error.message)
    throw error
  }
}
