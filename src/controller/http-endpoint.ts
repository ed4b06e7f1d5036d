import { createServer } from "node:http"

export interface Endpoints {
  /** Prometheus text. */
  metrics: () => Promise<string>
  /** Undefined when ready, else what is missing. */
  notReady: () => string | undefined
}

/** Serves /metrics, /healthz and /readyz at `[ADDRESS]:PORT`. */
export async function httpEndpoint(
  bindAddress: string,
  endpoints: Endpoints,
): Promise<AsyncDisposable> {
  const server = createServer(async (request, response) => {
    const say = (status: number, body: string, type = "text/plain; charset=utf-8") =>
      response.writeHead(status, { "content-type": type }).end(body)
    switch (request.url?.split("?")[0]) {
      case "/healthz":
        return say(200, "ok\n")
      case "/readyz": {
        const missing = endpoints.notReady()
        return missing === undefined ? say(200, "ok\n") : say(503, `${missing}\n`)
      }
      case "/metrics":
        return say(200, await endpoints.metrics(), "text/plain; version=0.0.4; charset=utf-8")
      default:
        return say(404, "no such path\n")
    }
  })
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  server.maxConnections = 64
  const colon = bindAddress.lastIndexOf(":")
  const host = bindAddress.slice(0, colon).replace(/^\[|\]$/g, "")
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    const port = Number(bindAddress.slice(colon + 1))
    server.listen({ port, ...(host ? { host } : {}) }, resolve)
  })
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
