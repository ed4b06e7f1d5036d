import type http from "node:http"
import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import { type Clock, systemClock } from "../../clock.ts"
import {
  type Kube,
  KubeError,
  type KubeText,
  type ListQuery,
  type Patch,
  type Target,
  type WatchEvent,
} from "../kube.ts"
import { apiVersionOf, openingBookmark, resourcePath, selectorParams } from "../resource-path.ts"
import { type ConnectionOptions, connect } from "./connection.ts"
import { linesOf, type Request, readBody, type Transport } from "./transport.ts"

/** No single request of Berth takes longer; the API server's own limit is 60 s. */
const requestTimeoutMs = 30_000
/** Watches end after this long (plus up to half, at random), so that watchers spread over API servers. */
const watchSeconds = 300
/** A watch on which the server sends nothing, not even its own end, is dead. */
const watchSilenceMs = (watchSeconds * 1.5 + 30) * 1000
/** Objects per page of a list: keeps one answer below a few MB. */
const pageSize = 500
/** Answers 429 with Retry-After (API priority and fairness) are asked again this often. */
const busyRetries = 5

const patchTypes = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
} as const

export interface ClientKubeOptions extends ConnectionOptions {
  clock?: Clock
  random?: () => number
}

/**
 * The Kubernetes API over HTTP. Configuration: `kubeconfig` (path), else $KUBECONFIG, else the pod's service account,
 * else ~/.kube/config. Throws `kube/bad-config` at once when it cannot be used; connects at the first call.
 */
export function clientKube(options: ClientKubeOptions = {}): Kube & KubeText & Disposable {
  const clock = options.clock ?? systemClock
  const random = options.random ?? Math.random
  const transport = connect(options, clock)
  const call = (request: Request) => callJson(transport, clock, request)
  return {
    async get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string) {
      try {
        return (await call({ method: "GET", path: resourcePath(resource, namespace, name) })) as T
      } catch (error) {
        if (error instanceof ObjectAbsent) return undefined
        throw error
      }
    },
    list: (resource, query = {}) => listAll(call, resource, query),
    async create<T extends KubeObject>(resource: Resource<T>, object: T) {
      const path = resourcePath(resource, object.metadata.namespace)
      return (await call({ method: "POST", path, body: JSON.stringify(object) })) as T
    },
    async replace<T extends KubeObject>(resource: Resource<T>, object: T, subresource?: "status") {
      const { name, namespace } = object.metadata
      const path = resourcePath(resource, namespace, name, subresource)
      return (await call({ method: "PUT", path, body: JSON.stringify(object) })) as T
    },
    async patch<T extends KubeObject>(resource: Resource<T>, target: Target, patch: Patch) {
      return (await call(patchRequest(resource, target, patch))) as T
    },
    remove: (resource, target, options = {}) => remove(call, resource, target, options),
    async createSubresource(resource, target, subresource, body) {
      const path = resourcePath(resource, target.namespace, target.name, subresource)
      return call({ method: "POST", path, body: JSON.stringify(body) })
    },
    watch: (resource, query) => watchOnce(transport, resource, query, random),
    raw: (path) => call({ method: "GET", path }),
    text: (path, query = {}) =>
      callText(transport, clock, { method: "GET", path, query, accept: "*/*" }),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  }
}

type Call = (request: Request) => Promise<unknown>

async function remove(
  call: Call,
  resource: Resource<KubeObject>,
  target: Target,
  options: { gracePeriodSeconds?: number; uid?: string },
): Promise<void> {
  const { gracePeriodSeconds, uid } = options
  const body = {
    apiVersion: "v1",
    kind: "DeleteOptions",
    propagationPolicy: "Background",
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(uid === undefined ? {} : { preconditions: { uid } }),
  }
  const path = resourcePath(resource, target.namespace, target.name)
  try {
    await call({ method: "DELETE", path, body: JSON.stringify(body) })
  } catch (error) {
    if (!(error instanceof ObjectAbsent)) throw error
  }
}

function patchRequest(resource: Resource<KubeObject>, target: Target, patch: Patch): Request {
  const query =
    patch.type === "apply"
      ? { fieldManager: patch.fieldManager, ...(patch.force ? { force: "true" } : {}) }
      : {}
  return {
    method: "PATCH",
    path: resourcePath(resource, target.namespace, target.name, patch.subresource),
    query,
    body: JSON.stringify(patch.body),
    contentType: patchTypes[patch.type],
  }
}

interface List {
  metadata?: { resourceVersion?: string; continue?: string }
  items?: KubeObject[]
}

async function listAll<T extends KubeObject>(
  call: Call,
  resource: Resource<T>,
  query: ListQuery,
): Promise<{ items: T[]; resourceVersion: string }> {
  const path = resourcePath(resource, query.namespace)
  const selectors = selectorParams(query)
  const items: T[] = []
  let next = ""
  for (;;) {
    const page = (await call({
      method: "GET",
      path,
      query: { ...selectors, limit: String(pageSize), ...(next ? { continue: next } : {}) },
    })) as List
    // Items of a list carry no apiVersion and kind of their own.
    for (const item of page.items ?? [])
      items.push({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind } as T)
    next = page.metadata?.continue ?? ""
    if (next === "") return { items, resourceVersion: page.metadata?.resourceVersion ?? "" }
  }
}

async function* watchOnce<T extends KubeObject>(
  transport: Transport,
  resource: Resource<T>,
  query: ListQuery & { resourceVersion: string; signal: AbortSignal },
  random: () => number,
): AsyncGenerator<WatchEvent<T>> {
  const seconds = Math.round(watchSeconds * (1 + random() / 2))
  const response = await transport.send(
    {
      method: "GET",
      path: resourcePath(resource, query.namespace),
      query: {
        ...selectorParams(query),
        watch: "true",
        allowWatchBookmarks: "true",
        timeoutSeconds: String(seconds),
        resourceVersion: query.resourceVersion,
      },
      signal: query.signal,
    },
    watchSilenceMs,
  )
  try {
    if (response.statusCode !== 200)
      throw errorOf(response.statusCode ?? 0, await readBody(response))
    yield openingBookmark(resource, query.resourceVersion)
    for await (const line of linesOf(response)) yield watchEvent<T>(line)
  } catch (error) {
    if (error instanceof KubeError || query.signal.aborted) throw error
    throw new KubeError(0, "Unreachable", `the watch broke off: ${(error as Error).message}`, error)
  } finally {
    response.destroy()
  }
}

function watchEvent<T>(line: string): WatchEvent<T> {
  let event: { type: string; object: unknown }
  try {
    event = JSON.parse(line)
  } catch (cause) {
    throw new KubeError(0, "Unreachable", "the watch sent a broken line", cause)
  }
  if (event.type === "ERROR") {
    const status = event.object as Status
    throw new KubeError(status.code ?? 500, status.reason ?? "Unknown", status.message ?? line)
  }
  return event as WatchEvent<T>
}

const callJson = async (transport: Transport, clock: Clock, request: Request): Promise<unknown> =>
  parseJson(await callText(transport, clock, request))

async function callText(transport: Transport, clock: Clock, request: Request): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const response = await transport.send(request, requestTimeoutMs)
    const body = await readBody(response)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return body
    if (status === 401 && attempt === 0) {
      transport.invalidateCredentials()
      continue
    }
    const waitMs = retryAfterMs(response)
    if (waitMs === undefined || attempt >= busyRetries) throw errorOf(status, body)
    await clock.sleep(waitMs, request.signal)
  }
}

/** Only answers that ask for it by Retry-After are repeated: the server did not carry out the request. */
function retryAfterMs(response: http.IncomingMessage): number | undefined {
  const header = response.headers["retry-after"]
  if (header === undefined || (response.statusCode !== 429 && response.statusCode !== 503))
    return undefined
  const seconds = Number(header)
  return Number.isFinite(seconds) ? Math.min(seconds, 10) * 1000 : undefined
}

interface Status {
  kind?: string
  code?: number
  reason?: string
  message?: string
  details?: { name?: string }
}

/** A 404 about a named object. A 404 about the path (its resource type is not installed) is another matter. */
class ObjectAbsent extends KubeError {}

function errorOf(status: number, body: string): KubeError {
  let answer: Status = {}
  try {
    answer = JSON.parse(body) as Status
  } catch {
    // Plain text, as the API server answers for paths it does not serve.
  }
  const reason = answer.reason || (status === 404 ? "NotFound" : "Unknown")
  const message = answer.message || body.trim().slice(0, 500) || `HTTP status ${status}`
  const absent = status === 404 && answer.kind === "Status" && answer.details?.name !== undefined
  return absent ? new ObjectAbsent(status, reason, message) : new KubeError(status, reason, message)
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new KubeError(0, "Unreachable", "the Kubernetes API answered with broken JSON", cause)
  }
}
