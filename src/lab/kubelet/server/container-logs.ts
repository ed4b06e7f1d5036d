import type { IncomingMessage, ServerResponse } from "node:http"
import type { ContainerEntry } from "../pod/pod-runtime.ts"
import { formatLine } from "../runtime/container-log.ts"

/** Answers `kubectl logs`: what there is, then what comes while the client stays, until the container ends. */
export function sendLogs(
  entry: ContainerEntry,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const previous = query.get("previous") === "true"
  const log = previous ? entry.previousLog : entry.log
  if (!log) {
    const why = previous
      ? "previous terminated container not found"
      : "container is waiting to start"
    response.writeHead(400, { "content-type": "text/plain" }).end(`${why}\n`)
    return
  }
  const timestamps = query.get("timestamps") === "true"
  const number = (name: string) => {
    const text = query.get(name)
    return text !== null && /^\d+$/.test(text) ? Number(text) : undefined
  }
  const sinceSeconds = number("sinceSeconds")
  const sinceTime = Date.parse(query.get("sinceTime") ?? "")
  const sinceMs = sinceSeconds === undefined ? sinceTime : Date.now() - sinceSeconds * 1000
  const tailLines = number("tailLines")
  const limitBytes = number("limitBytes")
  response.writeHead(200, { "content-type": "text/plain" })
  response.write(
    log.read({
      timestamps,
      ...(tailLines === undefined ? {} : { tailLines }),
      ...(limitBytes === undefined ? {} : { limitBytes }),
      ...(Number.isFinite(sinceMs) ? { sinceMs } : {}),
    }),
  )
  if (query.get("follow") !== "true" || log.closed) {
    response.end()
    return
  }
  const stop = log.follow((line) => {
    if (line === "") response.end()
    else response.write(formatLine(line, timestamps))
  })
  request.on("close", stop)
  response.on("close", stop)
}
