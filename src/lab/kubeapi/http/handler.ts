import type { IncomingMessage, ServerResponse } from "node:http"
import { ApiError } from "../api-error.ts"
import type { Core } from "../write/core.ts"
import {
  aggregated,
  aggregatedVersion,
  apiVersions,
  groupList,
  oneGroup,
  resourceList,
  versionInfo,
} from "./discovery.ts"
import { parseResourcePath } from "./request.ts"
import { serveResource } from "./resources.ts"
import { sendError, sendJson, sendText } from "./respond.ts"

export interface HandlerParts {
  readonly core: Core
  /** Serves the OpenAPI documents; false when the path is no such. */
  readonly openapi: (path: string, request: IncomingMessage, response: ServerResponse) => boolean
}

export function createHandler(parts: HandlerParts) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    serve(parts, request, response).catch((error: unknown) => sendError(response, error))
  }
}

async function serve(
  { core, openapi }: HandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://lab")
  const path = url.pathname
  const document = getDocument(core, path, request.headers.accept)
  if (document !== undefined) sendJson(response, 200, document.body, document.type)
  else if (openapi(path, request, response)) return
  else if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) sendText(response, 200, "ok", "text/plain")
  else {
    const target = parseResourcePath(core.types, path)
    if (target === undefined) sendText(response, 404, "404 page not found\n", "text/plain")
    else {
      const query = url.searchParams
      const reply = await serveResource({ ...target, core, request, response, query })
      if (reply !== undefined) sendJson(response, reply.status, reply.body)
    }
  }
}

/** The documents that describe the API. */
export function getDocument(
  core: Core,
  path: string,
  accept?: string,
): { body: unknown; type?: string } | undefined {
  const parts = path.split("/").filter(Boolean)
  const [root, ...rest] = parts
  if (parts.length === 0)
    return {
      body: { paths: ["/api", "/apis", "/healthz", "/openapi/v2", "/openapi/v3", "/version"] },
    }
  if (path === "/version") return { body: versionInfo }
  if (path === "/api" || path === "/apis") {
    const version = aggregatedVersion(accept)
    if (version !== undefined) {
      return {
        body: aggregated(core.types, root === "api", version),
        type: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      }
    }
    return { body: root === "api" ? apiVersions() : groupList(core.types) }
  }
  if (root === "api" && rest.length === 1) return found(resourceList(core.types, rest[0] ?? ""))
  if (root === "apis" && rest.length === 1) return found(oneGroup(core.types, rest[0] ?? ""))
  if (root === "apis" && rest.length === 2) return found(resourceList(core.types, rest.join("/")))
  return undefined
}

function found(body: unknown): { body: unknown } {
  if (body === undefined) {
    throw new ApiError(404, "NotFound", "the server could not find the requested resource", {})
  }
  return { body }
}
