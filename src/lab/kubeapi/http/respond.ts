import type { ServerResponse } from "node:http"
import { KubeError } from "../../../kube/kube.ts"
import { ApiError } from "../api-error.ts"

export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  type: string,
): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-cache, private" })
  response.end(text)
}

export const sendJson = (
  response: ServerResponse,
  status: number,
  body: unknown,
  type = "application/json",
): void =>
  sendText(response, status, `${typeof body === "string" ? body : JSON.stringify(body)}\n`, type)

/** Answers with the Status of a failure; one that is not the API's is a bug of the lab and says so. */
export function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const known = error instanceof ApiError ? error : asApiError(error)
  if (known.details?.retryAfterSeconds !== undefined) {
    response.setHeader("retry-after", String(known.details.retryAfterSeconds))
  }
  sendJson(response, known.status, known.toStatus())
}

function asApiError(error: unknown): ApiError {
  if (error instanceof KubeError) return new ApiError(error.status, error.reason, error.message)
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new ApiError(500, "InternalError", `Internal error occurred: ${text}`, { causes: [] })
}

/** Text of Warning headers (RFC 7234 §5.5) as the API server sends them. */
export function warner(response: ServerResponse): (text: string) => void {
  const sent = new Set<string>()
  return (text) => {
    if (sent.has(text) || response.headersSent) return
    sent.add(text)
    response.appendHeader("warning", `299 - ${JSON.stringify(text)}`)
  }
}
