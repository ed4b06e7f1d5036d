import type { HttpHandler, HttpReply } from "../http/http-endpoint.ts"
import { logLevels } from "../json-log.ts"
import type { AddressBook } from "./address-book.ts"
import type { AgentLog } from "./agent-log.ts"
import type { AgentConfig } from "./config.ts"
import type { InterfaceKeeper } from "./interface-keeper.ts"
import type { Supply } from "./supply.ts"

export interface IntrospectionOptions {
  config: AgentConfig
  book: AddressBook
  keeper: InterfaceKeeper
  supply: Supply
  log: AgentLog
  health: HttpHandler
}

/** What the agent knows, as JSON, for humans and `berth debug bundle`; and its log level, which may be changed. */
export function introspection(o: IntrospectionOptions): HttpHandler {
  const views: Record<string, () => unknown> = {
    "/v1/enis": () => interfaces(o.book),
    "/v1/pods": () => o.book.attachments(),
    "/v1/waiting": () => waiting(o),
    "/v1/status": () => o.supply.status ?? null,
    "/v1/eni-configs": () => o.supply.status?.binding ?? null,
    "/v1/interfaces-pending": () => o.keeper.problems(),
    "/v1/environment": () => o.config.values,
  }
  return (method, path, body) => {
    if (path === "/v1/loglevel") return logLevel(o.log, method, body)
    if (method !== "GET") return undefined
    const view = views[path]
    if (view) return json(view())
    if (path === "/v1") return json({ AvailableCommands: [...Object.keys(views), "/v1/loglevel"] })
    return o.health(method, path, body)
  }
}

const json = (value: unknown): HttpReply => ({
  status: 200,
  body: `${JSON.stringify(value, undefined, 2)}\n`,
  type: "application/json",
})

function logLevel(log: AgentLog, method: string, body: string): HttpReply | undefined {
  if (method === "GET") return json({ level: log.level })
  if (method !== "PUT") return undefined
  const wanted = body.trim().replaceAll('"', "").toLowerCase()
  const level = logLevels.find((known) => known === wanted)
  if (!level) return { status: 400, body: `expected one of ${logLevels.join(", ")}\n` }
  log.logger.info("log level changed", { from: log.level, to: level })
  log.level = level
  return json({ level })
}

function interfaces({ pool }: AddressBook) {
  const list = [...pool.interfaces()].map((iface) => {
    const { facts, open, offered, held, cooling, free } = iface
    return { ...facts, open, offered, serves: pool.serves(iface), counts: { held, cooling, free } }
  })
  return {
    interfaces: list,
    cooling: [...pool.cooling()],
    offers: pool.offers(),
    /** Pods whose address no interface lists. */
    lost: pool.lost(),
  }
}

function waiting({ book, supply }: IntrospectionOptions) {
  const { byPlacement, refused } = supply.waiting
  return {
    inLine: book.waiting(),
    pods: [...byPlacement].map(([placement, pods]) => ({
      placement,
      pods: pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      reason: supply.refusal(placement, book.pool.shortage(placement)),
    })),
    refused: refused.map(({ pod, refusal }) => ({
      pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
      code: refusal.code,
      why: refusal.message,
    })),
  }
}
