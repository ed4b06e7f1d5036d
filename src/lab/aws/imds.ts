import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Clock } from "../../clock.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import { metadataOf } from "./metadata.ts"

export interface ImdsOptions {
  readonly clock: Clock
  readonly random: () => number
  /** How far the metadata is behind EC2. Default 0. */
  readonly lagMs?: () => number
  /** Answer requests without a token, as IMDSv1 did. Default false. */
  readonly tokenOptional?: boolean
}

const ttlHeader = "x-aws-ec2-metadata-token-ttl-seconds"
const tokenHeader = "x-aws-ec2-metadata-token"
const ttlMaxSeconds = 21_600
const tokensMax = 1_000

/**
 * The instance metadata service of one instance: version 2 with session tokens, the paths that node agents and SDKs
 * read ("Instance metadata categories", EC2 user guide).
 */
export function createImds(
  cloud: Cloud,
  instanceId: string,
  options: ImdsOptions,
): RequestListener {
  const tokens = createTokens(options)
  return (request, response) => {
    const path = new URL(request.url ?? "/", "http://imds").pathname
    if (request.method === "PUT") putToken(tokens, { path, request, response })
    else if (request.method !== "GET" && request.method !== "HEAD") reply(response, 405, "")
    else if (!authorized(tokens, request, options.tokenOptional ?? false)) reply(response, 401, "")
    else {
      const time = options.clock.now() - (options.lagMs?.() ?? 0)
      const body = metadataOf(cloud, { instanceId, time }, path)
      if (body === undefined) reply(response, 404, notFound)
      else reply(response, 200, body, contentTypeOf(path))
    }
  }
}

const notFound = "404 - Not Found"

const contentTypeOf = (path: string) =>
  path.endsWith("/user-data") ? "application/octet-stream" : "text/plain"

interface Tokens {
  issue(ttlSeconds: number): string
  isValid(token: string): boolean
}

function createTokens({ clock, random }: ImdsOptions): Tokens {
  const expiries = new Map<string, number>()
  return {
    issue: (ttlSeconds) => {
      const now = clock.now()
      for (const [token, at] of expiries)
        if (at <= now || expiries.size >= tokensMax) expiries.delete(token)
      const bytes = Array.from({ length: 42 }, () => Math.floor(random() * 256))
      const token = Buffer.from(bytes).toString("base64url")
      expiries.set(token, now + ttlSeconds * 1000)
      return token
    },
    isValid: (token) => (expiries.get(token) ?? 0) > clock.now(),
  }
}

function putToken(
  tokens: Tokens,
  { path, request, response }: { path: string; request: IncomingMessage; response: ServerResponse },
): void {
  request.resume()
  const ttl = request.headers[ttlHeader]
  const seconds = typeof ttl === "string" && /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0
  if (path !== "/latest/api/token") reply(response, 404, notFound)
  else if (seconds < 1 || seconds > ttlMaxSeconds) reply(response, 400, "400 - Bad Request")
  // A forwarded request never gets a token: an open proxy on the instance must not leak it (EC2 user guide, IMDSv2).
  else if (request.headers["x-forwarded-for"] !== undefined) reply(response, 403, "")
  else {
    response.setHeader(ttlHeader, String(seconds))
    reply(response, 200, tokens.issue(seconds))
  }
}

function authorized(tokens: Tokens, request: IncomingMessage, isOptional: boolean): boolean {
  const token = request.headers[tokenHeader]
  if (token === undefined) return isOptional
  return typeof token === "string" && tokens.isValid(token)
}

function reply(response: ServerResponse, status: number, body: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) })
  response.end(body)
}
