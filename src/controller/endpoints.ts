import type { HttpHandler } from "../http/http-endpoint.ts"

export interface Endpoints {
  /** Prometheus text. */
  readonly metrics: () => Promise<string>
  /** Undefined when ready, else what is missing. */
  readonly notReady: () => string | undefined
}

/** /metrics, /healthz and /readyz. */
export const endpoints =
  ({ metrics, notReady }: Endpoints): HttpHandler =>
  async (_method, path) => {
    switch (path) {
      case "/healthz":
        return { status: 200, body: "ok\n" }
      case "/readyz": {
        const missing = notReady()
        return missing === undefined
          ? { status: 200, body: "ok\n" }
          : { status: 503, body: `${missing}\n` }
      }
      case "/metrics":
        return {
          status: 200,
          body: await metrics(),
          type: "text/plain; version=0.0.4; charset=utf-8",
        }
      default:
        return undefined
    }
  }
