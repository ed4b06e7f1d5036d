import { ApiError, badRequest } from "../api-error.ts"
import type { ApiObject, Meta } from "../api-object.ts"
import { prune } from "../crd/prune.ts"
import { isObject, type JsonObject } from "../json.ts"
import { decodeBuiltin } from "../types/decode.ts"
import { apiVersionOf, type ResourceType } from "../types/resource-type.ts"
import type { WriteOptions } from "./core.ts"

/**
 * A request body as an object of `type`, unknown fields reported as fieldValidation asks: dropped, dropped with a
 * warning, or refused with 400.
 */
export function decodeBody(type: ResourceType, body: unknown, options: WriteOptions): ApiObject {
  if (!isObject(body))
    throw badRequest("the object provided is unrecognized (must be of type Object)")
  checkKind(type, body)
  const { object, unknown } = type.custom
    ? prune(type.schema, body)
    : decodeBuiltin(
        type.schema,
        body,
        `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}`,
      )
  reportUnknown(unknown, options)
  return {
    ...object,
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: (isObject(object.metadata) ? object.metadata : {}) as JsonObject & Meta,
  }
}

function checkKind(type: ResourceType, body: JsonObject): void {
  const version = apiVersionOf(type)
  if (body.kind !== undefined && body.kind !== type.kind) {
    throw badRequest(
      `${body.kind} in version ${JSON.stringify(String(body.apiVersion))} cannot be handled as a ${type.kind}: converting (${String(body.apiVersion)}.${body.kind}) to (${version}.${type.kind}): unknown conversion`,
    )
  }
  if (body.apiVersion !== undefined && body.apiVersion !== version) {
    throw badRequest(
      `the API version in the data (${String(body.apiVersion)}) does not match the expected API version (${version})`,
    )
  }
}

function reportUnknown(unknown: readonly string[], options: WriteOptions): void {
  const complaints = unknown.map((path) => `unknown field ${JSON.stringify(path)}`)
  if (complaints.length === 0) return
  if (options.fieldValidation === "Strict") {
    throw new ApiError(400, "BadRequest", `strict decoding error: ${complaints.join(", ")}`)
  }
  if (options.fieldValidation !== "Ignore") for (const c of complaints) options.warn?.(c)
}
