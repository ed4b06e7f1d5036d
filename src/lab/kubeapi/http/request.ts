import type { IncomingMessage } from "node:http"
import { parse as parseYaml } from "yaml"
import { ApiError, badRequest, noSuchResource } from "../api-error.ts"
import { parseProtobuf } from "../types/protobuf.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { ResourceTypes } from "../types/resource-types.ts"

/** A request path that names a collection, an object or a subresource. */
export interface ResourceRequest {
  readonly type: ResourceType
  readonly namespace: string | undefined
  /** "" for the collection. */
  readonly name: string
  readonly subresource: string
  /** What follows a subresource, as in nodes/NAME/proxy/PATH. */
  readonly rest: string
}

/** Parses /api/v1/... and /apis/GROUP/VERSION/...; undefined when the path is of another kind, 404 for no such resource. */
export function parseResourcePath(types: ResourceTypes, path: string): ResourceRequest | undefined {
  const parts = path.split("/").filter(Boolean).map(decode)
  const root = parts.shift()
  if (root !== "api" && root !== "apis") return undefined
  const group = root === "api" ? "" : (parts.shift() ?? "")
  const version = parts.shift() ?? ""
  if (parts.length === 0) return undefined
  // "namespaces/NAME/status" and ".../finalize" are of the namespace itself, everything else in it.
  const scoped =
    parts[0] === "namespaces" && parts.length > 2 && !namespaceSubresources.has(parts[2] ?? "")
  const namespace = scoped ? parts[1] : undefined
  const [plural = "", name = "", subresource = "", ...rest] = scoped ? parts.slice(2) : parts
  const type = types.find(group, version, plural)
  if (type === undefined && !types.hasVersion(group, version)) return undefined
  if (type === undefined || (namespace !== undefined && !type.namespaced)) throw noSuchResource()
  return { type, namespace, name, subresource, rest: rest.join("/") }
}

const namespaceSubresources = new Set(["status", "finalize"])

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`invalid URL escape ${JSON.stringify(part)}`)
  }
}

/** The API server's own limit of a request body. */
const bodyMax = 3 * 1024 * 1024

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > bodyMax) {
      throw new ApiError(
        413,
        "RequestEntityTooLarge",
        `Request entity too large: limit is ${bodyMax}`,
      )
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

export const mediaTypeOf = (request: IncomingMessage): string =>
  (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? ""

const protobuf = "application/vnd.kubernetes.protobuf"

/** A body in JSON, YAML or protobuf. Throws 400 when it is malformed, 415 when it is of another type. */
export function parseBody(body: Buffer, mediaType: string, types: ResourceTypes): unknown {
  if (mediaType === protobuf) {
    return parseProtobuf(body, (apiVersion, kind) => types.schemaOf(apiVersion, kind))
  }
  if (!/^application\/([\w.-]+\+)?(json|yaml)$/.test(mediaType)) {
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ${protobuf}`,
    )
  }
  const text = body.toString()
  // Apply patches call themselves YAML but are nearly always JSON, which parses far faster.
  const yaml = mediaType.endsWith("yaml") && !text.trimStart().startsWith("{")
  try {
    return yaml ? parseYaml(text) : JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw badRequest(
      yaml
        ? `error decoding YAML: ${message}`
        : `the object provided is unrecognized: couldn't get version/kind; json parse error: ${message}`,
    )
  }
}
