import { ApiError, badRequest, complaint, invalid } from "../api-error.ts"
import type { ApiObject, Meta } from "../api-object.ts"
import { prune } from "../crd/prune.ts"
import { isObject, type JsonObject, stringAt } from "../json.ts"
import { builtinSchema } from "../types/builtin-schema.ts"
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
  const what = `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}`
  const { object, unknown } = type.custom
    ? decodeCustom(type, body, what)
    : decodeBuiltin(type.schema, body, what)
  reportUnknown(what, unknown, options)
  return {
    ...object,
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: (isObject(object.metadata) ? object.metadata : {}) as JsonObject & Meta,
  }
}

const objectMeta = builtinSchema("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")

function decodeCustom(type: ResourceType, body: JsonObject, what: string) {
  const pruned = prune(type.schema, body)
  if (!isObject(body.metadata)) return pruned
  const metadata = decodeBuiltin(objectMeta, body.metadata, what)
  return {
    object: { ...pruned.object, metadata: metadata.object },
    unknown: [...pruned.unknown, ...metadata.unknown.map((field) => `metadata.${field}`)],
  }
}

function checkKind(type: ResourceType, body: JsonObject): void {
  const version = apiVersionOf(type)
  if (type.custom && body.kind !== type.kind) {
    const name = stringAt(body, "metadata", "name")
    const kind = String(body.kind)
    throw invalid({ ...type, kind }, name, [
      complaint.invalid("kind", kind, `must be ${type.kind}`),
    ])
  }
  if (body.kind !== undefined && body.kind !== type.kind) {
    throw badRequest(
      `${body.kind} in version ${JSON.stringify(String(body.apiVersion))} cannot be handled as a ${type.kind}: converting (${String(body.apiVersion)}.${String(body.kind)}) to (${type.group.split(".")[0] || "core"}.${type.kind}): unknown conversion`,
    )
  }
  if (body.apiVersion !== undefined && body.apiVersion !== version) {
    const given = String(body.apiVersion)
    throw badRequest(
      type.custom
        ? `the API version in the data (${given}) does not match the expected API version (${version})`
        : `${type.kind} in version ${JSON.stringify(given)} cannot be handled as a ${type.kind}: no kind ${JSON.stringify(type.kind)} is registered for version ${JSON.stringify(given)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  }
}

function reportUnknown(what: string, unknown: readonly string[], options: WriteOptions): void {
  const complaints = unknown.map((path) => `unknown field ${JSON.stringify(path)}`)
  if (complaints.length === 0) return
  if (options.fieldValidation === "Strict") {
    throw new ApiError(
      400,
      "BadRequest",
      `${what}: strict decoding error: ${complaints.join(", ")}`,
    )
  }
  if (options.fieldValidation !== "Ignore") for (const c of complaints) options.warn?.(c)
}
