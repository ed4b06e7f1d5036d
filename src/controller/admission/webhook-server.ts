import type { IncomingMessage } from "node:http"
import { createServer, type Server } from "node:https"
import { listenUnix } from "../../http/listen-unix.ts"
import type { ReviewRequest, ReviewResponse } from "./review.ts"
import type { ServingCertificate } from "./serving-certificate.ts"

export interface WebhookServer extends AsyncDisposable {
  /** The port it listens on; 0 for a socket in the file system. */
  readonly port: number
  /** Connections made from now on see this certificate. */
  present(certificate: ServingCertificate): void
}

/** An object and its predecessor, at the API server's limit of 1.5 MiB each. */
const bodyMax = 4 * 1024 * 1024
const timeoutMs = 5_000

export type Judge = (request: ReviewRequest) => Promise<ReviewResponse>

/** Serves admission.k8s.io/v1 at `unix:PATH` or `[ADDRESS]:PORT`: a judge for each path. */
export async function webhookServer(
  address: string,
  certificate: ServingCertificate,
  judges: Readonly<Record<string, Judge>>,
): Promise<WebhookServer> {
  const server = createServer({ ...secure(certificate) }, (request, response) => {
    const say = (status: number, body: string, type = "text/plain") =>
      response.writeHead(status, { "content-type": type }).end(body)
    const judge = judges[request.url?.split("?")[0] ?? ""]
    if (request.method !== "POST" || judge === undefined) {
      say(404, "no such path\n")
      return
    }
    answer(request, judge).then(
      (body) => say(200, JSON.stringify(body), "application/json"),
      (error: Error) => say(400, `${error.message}\n`),
    )
  })
  server.requestTimeout = timeoutMs
  server.headersTimeout = timeoutMs
  server.maxConnections = 64
  await listen(server, address)
  const bound = server.address()
  return {
    port: typeof bound === "object" && bound ? bound.port : 0,
    present: (next) => server.setSecureContext(secure(next)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

const secure = ({ cert, key }: ServingCertificate) => ({
  cert,
  key,
  minVersion: "TLSv1.2" as const,
})

async function answer(request: IncomingMessage, judge: Judge): Promise<object> {
  const {
    apiVersion,
    kind,
    request: asked,
  } = JSON.parse(await bodyOf(request)) as {
    apiVersion?: string
    kind?: string
    request?: ReviewRequest
  }
  if (kind !== "AdmissionReview" || !asked?.uid) throw new Error("not an AdmissionReview")
  return { apiVersion, kind, response: await judge(asked) }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyMax) throw new Error("the body is too long")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function listen(server: Server, address: string): Promise<void> {
  if (address.startsWith("unix:")) return listenUnix(server, address.slice("unix:".length))
  const colon = address.lastIndexOf(":")
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "")
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen({ port: Number(address.slice(colon + 1)), ...(host && { host }) }, resolve)
  })
}
