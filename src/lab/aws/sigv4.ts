import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"

/** Who signed a request, and for which service: what the credential scope of Signature Version 4 says. */
export interface Signed {
  readonly accessKeyId: string
  /** YYYYMMDD. */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

/**
 * Reads the Authorization header or, of a presigned address, the query. Undefined for an unsigned request. Nothing is
 * checked here: the lab takes any signature unless it is told the secrets.
 */
export function signatureOf(
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
): Signed | undefined {
  const header = headers.authorization ?? ""
  const part = (name: string) => new RegExp(`\\b${name}=([^,\\s]+)`).exec(header)?.[1]
  const isHeader = header.startsWith("AWS4-HMAC-SHA256 ")
  const scope = (isHeader ? part("Credential") : query.get("X-Amz-Credential")) ?? ""
  const signature = (isHeader ? part("Signature") : query.get("X-Amz-Signature")) ?? ""
  const names = (isHeader ? part("SignedHeaders") : query.get("X-Amz-SignedHeaders")) ?? ""
  const parts = scope.split("/")
  const [date, region, service, last] = parts.slice(-4)
  if (parts.length < 5 || last !== "aws4_request" || !date || !region || !service) return undefined
  const accessKeyId = parts.slice(0, -4).join("/")
  return { accessKeyId, date, region, service, signature, signedHeaders: names.split(";") }
}

/** A request as far as its signature covers it. */
export interface SignedRequest {
  readonly method: string
  /** As sent, percent-encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly signed: Signed
}

const skewMaxMs = 5 * 60_000

/** Why a signature does not hold, as AWS's error code; undefined when it does. */
export function signatureFault(
  request: SignedRequest,
  secret: string,
  now: number,
): "SignatureDoesNotMatch" | "RequestExpired" | undefined {
  const { signed, query, headers } = request
  const stamp = query.get("X-Amz-Date") ?? headers["x-amz-date"]
  const time = typeof stamp === "string" ? timeOf(stamp) : Number.NaN
  // Also when the time cannot be read: the comparison with NaN is false.
  if (!(Math.abs(now - time) <= skewMaxMs)) return "RequestExpired"
  const { date, region, service } = signed
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ["AWS4-HMAC-SHA256", String(stamp), scope, sha256(canonical(request))].join("\n")
  const key = [date, region, service, "aws4_request"].reduce<Buffer | string>(
    (k, data) => createHmac("sha256", k).update(data).digest(),
    `AWS4${secret}`,
  )
  const expected = createHmac("sha256", key).update(toSign).digest()
  const given = Buffer.from(signed.signature, "hex")
  const holds = given.length === expected.length && timingSafeEqual(given, expected)
  return holds ? undefined : "SignatureDoesNotMatch"
}

/** "20301231T235959Z" as milliseconds since the epoch; NaN when malformed. */
function timeOf(stamp: string): number {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp)
  if (m === null) return Number.NaN
  return Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}Z`)
}

/** The canonical request ("Create a signed AWS API request", IAM user guide). */
function canonical({ method, path, query, headers, body, signed }: SignedRequest): string {
  const pairs = [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
  const lines = signed.signedHeaders.map((name) => {
    const value = headers[name]
    const text = Array.isArray(value) ? value.join(",") : (value ?? "")
    return `${name}:${text.trim().replace(/ +/g, " ")}\n`
  })
  // All services but S3 encode the path once more than it is sent.
  const uri = path.split("/").map(encode).join("/")
  const names = signed.signedHeaders.join(";")
  return [method, uri, pairs.join("&"), lines.join(""), names, sha256(body)].join("\n")
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

/** RFC 3986: everything but unreserved characters. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
