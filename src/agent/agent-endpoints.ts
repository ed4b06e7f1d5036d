import { type HttpHandler, httpEndpoint } from "../http/http-endpoint.ts"
import type { AddressBook } from "./address-book.ts"
import type { AgentDeps } from "./agent.ts"
import type { AgentMetrics } from "./agent-metrics.ts"
import { answer } from "./calls/answer.ts"
import type { CallContext } from "./calls/context.ts"
import { cniServer } from "./cni-server.ts"
import { setPoolGauges } from "./gauges.ts"
import { healthHandler } from "./health.ts"
import type { InterfaceKeeper } from "./interface-keeper.ts"
import { introspection } from "./introspection.ts"
import type { Supply } from "./supply.ts"
import { countWaiting } from "./waiting-pods.ts"

export interface EndpointsOptions extends Pick<AgentDeps, "config" | "log"> {
  book: AddressBook
  supply: Supply
  keeper: InterfaceKeeper
  calls: CallContext
  metrics: AgentMetrics
  notReady: () => string | undefined
  cleanup: AsyncDisposableStack
}

/** Opens the CNI socket, and what humans and Prometheus ask. Only the first is worth dying for. */
export async function endpoints(o: EndpointsOptions): Promise<void> {
  const { config, calls, cleanup } = o
  const { values } = config
  const log = o.log.logger
  const path = values.BERTH_SOCKET
  cleanup.use(await cniServer({ path, log, answer: (call) => answer(call, calls) }))
  const health = healthHandler({
    notReady: o.notReady,
    metrics: () => scrape(o),
    disableMetrics: values.DISABLE_METRICS,
  })
  const open = async (address: string, handler: HttpHandler) => {
    if (address === "") return
    try {
      cleanup.use(await httpEndpoint(address, handler))
    } catch (error) {
      log.error("endpoint cannot be opened", { address, why: (error as Error).message })
    }
  }
  await open(values.BERTH_METRICS_BIND_ADDRESS, health)
  if (values.DISABLE_INTROSPECTION) return
  await open(values.INTROSPECTION_BIND_ADDRESS, introspection({ ...o, health }))
}

function scrape({ book, supply, metrics, notReady }: EndpointsOptions): Promise<string> {
  setPoolGauges(metrics, book.pool, supply.status)
  metrics.berth_ready.set(notReady() === undefined ? 1 : 0)
  metrics.berth_cni_waiting.set(book.waiting().length)
  metrics.berth_pods_waiting.reset()
  for (const [placement, count] of countWaiting(supply.waiting)) {
    metrics.berth_pods_waiting.set(count, { placement })
  }
  return metrics.text()
}
