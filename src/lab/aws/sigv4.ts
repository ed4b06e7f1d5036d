import type { IncomingMessage } from "node:http"

/** Who signed a request, and for which service: what the credential scope of Signature Version 4 says. */
export interface Signed {
  readonly accessKeyId: string
  readonly region: string
  readonly service: string
}

/**
 * Reads the scope from the Authorization header or, for a presigned address, from X-Amz-Credential. Undefined for an
 * unsigned request.
 */
export function signatureOf(request: IncomingMessage, query: URLSearchParams): Signed | undefined {
  const header = /^AWS4-HMAC-SHA256\s.*?Credential=([^,\s]+)/.exec(
    request.headers.authorization ?? "",
  )
  const scope = header?.[1] ?? query.get("X-Amz-Credential") ?? ""
  const parts = scope.split("/")
  const [region, service, last] = parts.slice(-3)
  const accessKeyId = parts.slice(0, -4).join("/")
  if (parts.length < 5 || last !== "aws4_request" || !region || !service) return undefined
  return { accessKeyId, region, service }
}
