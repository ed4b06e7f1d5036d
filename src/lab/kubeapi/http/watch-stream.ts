import type { ServerResponse } from "node:http"
import type { Clock } from "../../../clock.ts"
import { ApiError } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { prepareWatch, type WatchQuery } from "../read/watch.ts"
import type { Store } from "../store/store.ts"
import { apiVersionOf, type ResourceType } from "../types/resource-type.ts"

export interface WatchRequest extends WatchQuery {
  readonly timeoutSeconds?: number | undefined
}

/** The JSON of an object in the representation that the client asked for. */
export type Encode = (object: ApiObject) => string

const bookmarkEveryMs = 60_000
/** As the API server's --min-request-timeout. */
const defaultTimeoutMs = 30 * 60_000
/** Bytes that a client may be behind; beyond that it is cut off, and lists again. */
const unsentMax = 32 * 1024 * 1024

/** Streams newline-delimited watch events until the time-out or the client's end. */
export function streamWatch(
  { store, clock }: { store: Store; clock: Clock },
  type: ResourceType,
  query: WatchRequest,
  response: ServerResponse,
  encode: Encode,
): void {
  const start = prepareWatch(store, type, query)
  const end = new AbortController()
  const send = (kind: string, json: string) => {
    response.write(`{"type":"${kind}","object":${json}}\n`)
    if (response.writableLength > unsentMax) response.destroy()
  }
  const bookmark = (revision: number, initial: boolean) =>
    send(
      "BOOKMARK",
      JSON.stringify({
        kind: type.kind,
        apiVersion: apiVersionOf(type),
        metadata: {
          resourceVersion: String(revision),
          ...(initial ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
        },
      }),
    )
  response.writeHead(200, {
    "content-type": "application/json",
    "cache-control": "no-cache, private",
  })
  response.flushHeaders()
  try {
    const watch = start({ event: (kind, object) => send(kind, encode(object)), bookmark })
    response.on("close", () => {
      watch[Symbol.dispose]()
      end.abort()
    })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    // As the API server does: the stream is open, so the refusal is its first event.
    send("ERROR", JSON.stringify(error.toStatus()))
    response.end()
    return
  }
  const timeoutMs = query.timeoutSeconds ? query.timeoutSeconds * 1000 : defaultTimeoutMs
  void keep(clock, end.signal, timeoutMs, () => {
    if (query.allowWatchBookmarks) bookmark(store.revision, false)
  }).then(() => response.end())
}

/** Calls `beat` once a minute until the time-out or the signal. */
async function keep(
  clock: Clock,
  signal: AbortSignal,
  timeoutMs: number,
  beat: () => void,
): Promise<void> {
  const until = clock.now() + timeoutMs
  try {
    for (let left = timeoutMs; left > 0; left = until - clock.now()) {
      await clock.sleep(Math.min(left, bookmarkEveryMs), signal)
      if (clock.now() < until) beat()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
