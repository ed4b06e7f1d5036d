import http from "node:http"
import https from "node:https"
import { KubeError } from "../kube.ts"
import type { CredentialSource, Credentials } from "./credentials.ts"
import type { ClusterConfig } from "./kubeconfig.ts"

export interface Request {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  path: string
  query?: Record<string, string>
  body?: string
  contentType?: string
  /** Default JSON. */
  accept?: string
  signal?: AbortSignal
}

/** Thin HTTP/1.1 transport: keep-alive, credentials, time limits. Answers of any status resolve. */
export interface Transport extends Disposable {
  /** Resolves with the head of the answer; the body is read by the caller, or destroyed. */
  send(request: Request, timeoutMs: number): Promise<http.IncomingMessage>
  /** The next request asks for fresh credentials. */
  invalidateCredentials(): void
}

/** Idle connections are kept this long; API servers and load balancers close theirs after 60 s or more. */
const idleSocketMs = 50_000

export function httpTransport(
  config: ClusterConfig,
  credentials: CredentialSource,
  userAgent: string,
): Transport {
  const base = new URL(config.server)
  const secure = base.protocol === "https:"
  const prefix = base.pathname === "/" ? "" : base.pathname.replace(/\/$/, "")
  let agent: http.Agent | undefined
  let agentFor: Credentials["cert"]

  // A certificate from an exec plugin may change: connections made with the old one are not used again.
  const agentWith = (current: Credentials): http.Agent => {
    if (current.agent) return current.agent
    if (agent && agentFor === current.cert) return agent
    agent?.destroy()
    agentFor = current.cert
    agent = newAgent(config, current, secure)
    return agent
  }

  const sendOnce = async (request: Request, timeoutMs: number) => {
    const current = await credentials.current()
    const query = request.query ? `?${new URLSearchParams(request.query)}` : ""
    const headers = { "user-agent": userAgent, ...headersOf(request), ...current.headers }
    const options: https.RequestOptions = {
      method: request.method,
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ""),
      port: base.port || (secure ? 443 : 80),
      path: `${prefix}${request.path}${query}`,
      agent: agentWith(current),
      headers,
      timeout: timeoutMs,
      ...(request.signal ? { signal: request.signal } : {}),
    }
    return exchange(secure ? https.request(options) : http.request(options), request.body)
  }

  return {
    async send(request, timeoutMs) {
      try {
        return await sendOnce(request, timeoutMs)
      } catch (cause) {
        if (cause instanceof StaleSocket) return sendOnce(request, timeoutMs)
        throw cause
      }
    },
    invalidateCredentials: () => credentials.invalidate(),
    [Symbol.dispose]: () => agent?.destroy(),
  }
}

function headersOf(request: Request): Record<string, string> {
  const { body, contentType = "application/json", accept = "application/json" } = request
  if (body === undefined) return { accept }
  const length = String(Buffer.byteLength(body))
  return { accept, "content-type": contentType, "content-length": length }
}

function newAgent(config: ClusterConfig, current: Credentials, secure: boolean): http.Agent {
  const options = {
    keepAlive: true,
    keepAliveMsecs: 30_000,
    maxFreeSockets: 8,
    timeout: idleSocketMs,
  }
  if (!secure) return new http.Agent(options)
  return new https.Agent({
    ...options,
    ...(config.ca ? { ca: config.ca } : {}),
    ...(config.serverName ? { servername: config.serverName } : {}),
    ...(config.insecure ? { rejectUnauthorized: false } : {}),
    ...(current.cert ? { cert: current.cert } : {}),
    ...(current.key ? { key: current.key } : {}),
  })
}

/** The server closed a kept-alive connection as we sent on it: nothing of the request was processed. */
class StaleSocket extends Error {}

function exchange(
  request: http.ClientRequest,
  body: string | undefined,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("response", resolve)
    request.on("timeout", () => request.destroy(new Error("no answer within the time limit")))
    request.on("error", (cause: NodeJS.ErrnoException) => {
      if (cause.name === "AbortError") return reject(cause)
      if (request.reusedSocket && cause.code === "ECONNRESET")
        return reject(new StaleSocket(cause.message, { cause }))
      const why = cause.message || cause.code || "no answer"
      reject(new KubeError(0, "Unreachable", `the Kubernetes API cannot be reached: ${why}`, cause))
    })
    request.end(body)
  })
}

/** The whole body as text; rejects as Unreachable when the connection breaks or stalls. */
export async function readBody(response: http.IncomingMessage): Promise<string> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString("utf8")
  } catch (cause) {
    const why = (cause as Error).message
    throw new KubeError(
      0,
      "Unreachable",
      `the answer of the Kubernetes API broke off: ${why}`,
      cause,
    )
  }
}

/** Splits a stream into its lines; a last line without its end is an error of the caller's reading, not dropped. */
export async function* linesOf(response: http.IncomingMessage): AsyncGenerator<string> {
  response.setEncoding("utf8")
  let rest = ""
  for await (const chunk of response) {
    const parts = (rest + (chunk as string)).split("\n")
    rest = parts.pop() ?? ""
    for (const line of parts) if (line !== "") yield line
  }
  if (rest !== "") yield rest
}
