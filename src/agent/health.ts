import type { HttpHandler } from "../http/http-endpoint.ts"

export interface HealthOptions {
  notReady: () => string | undefined
  metrics: () => Promise<string>
  disableMetrics: boolean
}

/** /healthz: the agent answers. /readyz: a pod started now gets an address. /metrics: Prometheus. */
export function healthHandler(o: HealthOptions): HttpHandler {
  return async (method, path) => {
    if (method !== "GET") return undefined
    if (path === "/healthz") return { status: 200, body: "ok\n" }
    if (path === "/readyz") {
      const why = o.notReady()
      return why === undefined ? { status: 200, body: "ok\n" } : { status: 503, body: `${why}\n` }
    }
    if (path !== "/metrics" || o.disableMetrics) return undefined
    return { status: 200, body: await o.metrics(), type: "text/plain; version=0.0.4" }
  }
}
