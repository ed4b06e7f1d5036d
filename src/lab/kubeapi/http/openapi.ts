import type { IncomingMessage, ServerResponse } from "node:http"
import { noSuchResource } from "../api-error.ts"
import { openApiIndex, openApiV2, openApiV3 } from "../openapi/documents.ts"
import { gnosticDocument } from "../openapi/gnostic.ts"
import type { ResourceTypes } from "../types/resource-types.ts"

const gnostic = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

/** Serves /openapi/...; documents are made when first asked for, and again when the served kinds change. */
export function createOpenApi(types: ResourceTypes) {
  let version = -1
  const made = new Map<string, Buffer>()
  const document = (name: string, make: () => Buffer): Buffer => {
    if (version !== types.version) made.clear()
    version = types.version
    const found = made.get(name) ?? make()
    made.set(name, found)
    return found
  }
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  return (path: string, request: IncomingMessage, response: ServerResponse): boolean => {
    if (path === "/openapi/v2") {
      const protobuf = /proto-openapi\.spec\.v2/.test(request.headers.accept ?? "")
      const body = protobuf
        ? document("v2 protobuf", () => gnosticDocument(openApiV2(types)))
        : document("v2", () => json(openApiV2(types)))
      send(response, body, protobuf ? gnostic : "application/json")
      return true
    }
    if (path === "/openapi/v3") {
      send(
        response,
        document("index", () => json(openApiIndex(types))),
        "application/json",
      )
      return true
    }
    if (!path.startsWith("/openapi/v3/")) return false
    const name = path.slice("/openapi/v3/".length)
    const make = () => {
      const found = openApiV3(types, name)
      if (found === undefined) throw noSuchResource()
      return json(found)
    }
    send(response, document(name, make), "application/json")
    return true
  }
}

function send(response: ServerResponse, body: Buffer, type: string): void {
  response.writeHead(200, { "content-type": type, vary: "Accept" })
  response.end(body)
}
