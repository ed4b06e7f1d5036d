import type { IncomingMessage, ServerResponse } from "node:http"
import { ApiError, badRequest, complaint, invalid, methodNotAllowed } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { getObject, listPage } from "../read/list.ts"
import { keyOf } from "../types/resource-type.ts"
import type { Core } from "../write/core.ts"
import { create } from "../write/create.ts"
import { type PatchKind, patch } from "../write/patch.ts"
import { type DeleteOptions, deleteOptions, remove } from "../write/remove.ts"
import { isReview, review } from "../write/reviews.ts"
import { getScale, patchScale, putScale } from "../write/scale.ts"
import { postSubresource } from "../write/subresources.ts"
import { replace } from "../write/update.ts"
import { encoder, listReply, objectReply } from "./represent.ts"
import { mediaTypeOf, parseBody, type ResourceRequest, readBody } from "./request.ts"
import { warner } from "./respond.ts"
import { streamWatch } from "./watch-stream.ts"

/** One request for a resource, with what its handlers share. */
export interface Exchange extends ResourceRequest {
  readonly core: Core
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
}

const patchKinds: Readonly<Record<string, PatchKind>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
}

/** What to answer; undefined once the response is a stream of its own. */
export interface Reply {
  readonly status: number
  readonly body: unknown
}

export async function serveResource(exchange: Exchange): Promise<Reply | undefined> {
  const { core, type, namespace, name, subresource } = exchange
  const method = exchange.request.method ?? "GET"
  if (type.deprecated !== undefined) warner(exchange.response)(type.deprecated)
  if (name === "") return await serveCollection(exchange, method)
  if (subresource !== "") return await serveSubresource(exchange, method)
  const verb = { GET: "get", HEAD: "get", PUT: "update", PATCH: "patch", DELETE: "delete" }[method]
  if (verb === undefined || !type.verbs.includes(verb)) throw methodNotAllowed()
  switch (verb) {
    case "get":
      return objectReply(exchange, 200, getObject(core.store, type, namespace, name))
    case "update":
      return objectReply(exchange, 200, await put(exchange))
    case "patch":
      return await patchReply(exchange)
    default:
      return await removeOne(exchange)
  }
}

async function serveCollection(exchange: Exchange, method: string): Promise<Reply | undefined> {
  const { core, type, query, namespace } = exchange
  const verb = { GET: "list", HEAD: "list", POST: "create", DELETE: "deletecollection" }[method]
  if (verb === undefined || !type.verbs.includes(verb)) throw methodNotAllowed()
  if (verb === "deletecollection") return await removeAll(exchange)
  if (verb === "list") {
    if (isTrue(query.get("watch"))) return watch(exchange)
    return listReply(exchange, listPage(core.store, type, listQuery(exchange)))
  }
  const body = await jsonBody(exchange)
  if (isReview(type)) return { status: 201, body: review(type, body) }
  if (type.namespaced && namespace === undefined) throw methodNotAllowed()
  const created = await create(core, type, namespace, body, writeOptions(exchange))
  return objectReply(exchange, 201, created)
}

async function serveSubresource(exchange: Exchange, method: string): Promise<Reply> {
  const { core, type, subresource } = exchange
  if (subresource === "scale" && type.scale) return await serveScale(exchange, method)
  if (method === "POST") {
    const body = await jsonBody(exchange)
    return {
      status: 201,
      body: await postSubresource(core, type, exchange, body, writeOptions(exchange)),
    }
  }
  const whole = subresource === "ephemeralcontainers" || (subresource === "status" && type.status)
  const finalize = subresource === "finalize" && method === "PUT"
  if (!whole && !finalize) throw methodNotAllowed()
  switch (method) {
    case "GET":
      return objectReply(
        exchange,
        200,
        getObject(core.store, type, exchange.namespace, exchange.name),
      )
    case "PUT":
      return objectReply(exchange, 200, await put(exchange))
    case "PATCH":
      return await patchReply(exchange)
    default:
      throw methodNotAllowed()
  }
}

async function serveScale(exchange: Exchange, method: string): Promise<Reply> {
  const { core, type } = exchange
  switch (method) {
    case "GET":
      return { status: 200, body: getScale(core, type, exchange) }
    case "PUT": {
      const body = await jsonBody(exchange)
      return {
        status: 200,
        body: await putScale(core, type, exchange, body, writeOptions(exchange)),
      }
    }
    case "PATCH": {
      const change = { kind: patchKind(exchange), body: await jsonBody(exchange) }
      const scale = await patchScale(core, type, exchange, change, patchOptions(exchange))
      return { status: 200, body: scale }
    }
    default:
      throw methodNotAllowed()
  }
}

function put(exchange: Exchange): Promise<ApiObject> {
  return jsonBody(exchange).then((body) =>
    replace(exchange.core, exchange.type, exchange, body, writeOptions(exchange)),
  )
}

function patchKind({ request }: Exchange): PatchKind {
  const kind = patchKinds[mediaTypeOf(request)]
  if (kind !== undefined) return kind
  throw new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
}

async function patchReply(exchange: Exchange): Promise<Reply> {
  const { core, type, namespace, name } = exchange
  const change = { kind: patchKind(exchange), body: await jsonBody(exchange) }
  const existed = core.store.collection(type.collection).get(keyOf(namespace, name)) !== undefined
  const object = await patch(core, type, exchange, change, patchOptions(exchange))
  return objectReply(exchange, existed ? 200 : 201, object)
}

async function removeOne(exchange: Exchange): Promise<Reply> {
  const { core, type, namespace, name } = exchange
  const options = await removeOptions(exchange)
  const { object, gone } = await remove(core, type, { namespace, name }, options)
  if (!gone || returnsDeleted.has(type.collection)) return objectReply(exchange, 200, object)
  const details = {
    name,
    ...(type.group === "" ? {} : { group: type.group }),
    kind: type.plural,
    uid: object.metadata.uid,
  }
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details }
  return { status: 200, body: status }
}

/** Kinds whose DELETE answers with the object that went. */
const returnsDeleted = new Set([
  "/pods",
  "/services",
  "storage.k8s.io/storageclasses",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "/serviceaccounts",
  "/persistentvolumes",
  "/persistentvolumeclaims",
  "/podtemplates",
  "/resourcequotas",
])

async function removeAll(exchange: Exchange): Promise<Reply> {
  const { core, type } = exchange
  const options = await removeOptions(exchange)
  const page = listPage(core.store, type, listQuery(exchange))
  for (const { metadata } of page.items) {
    try {
      await remove(core, type, { namespace: metadata.namespace, name: metadata.name }, options)
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
  }
  return listReply(exchange, page)
}

async function removeOptions(exchange: Exchange): Promise<DeleteOptions> {
  const { core, request, query, response } = exchange
  const bytes = await readBody(request)
  const body = bytes.length === 0 ? {} : parseBody(bytes, mediaTypeOf(request), core.types)
  const grace = query.get("gracePeriodSeconds")
  const policy = query.get("propagationPolicy")
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...deleteOptions(body),
    ...(query.get("dryRun") === "All" ? { dryRun: true } : {}),
    warn: warner(response),
  }
}

async function jsonBody({ request, core }: Exchange): Promise<unknown> {
  return parseBody(await readBody(request), mediaTypeOf(request), core.types)
}

function writeOptions({ query, request, response }: Exchange) {
  const dryRun = query.getAll("dryRun")
  if (dryRun.some((d) => d !== "All")) {
    const kind =
      { POST: "CreateOptions", PUT: "UpdateOptions" }[request.method ?? ""] ?? "PatchOptions"
    const subject = { group: "meta.k8s.io", plural: "", kind }
    throw invalid(subject, "", [complaint.notSupported("dryRun", dryRun, ["All"])])
  }
  return {
    dryRun: dryRun.length > 0,
    fieldManager: query.get("fieldManager") ?? agentOf(request),
    fieldValidation: validationMode(query.get("fieldValidation")),
    warn: warner(response),
  }
}

/** An apply must name its manager; the other patches may leave it to the user agent. */
const patchOptions = (exchange: Exchange) => ({
  ...writeOptions(exchange),
  ...(patchKind(exchange) === "apply"
    ? { fieldManager: exchange.query.get("fieldManager") ?? "" }
    : {}),
  force: isTrue(exchange.query.get("force")),
})

function validationMode(given: string | null): "Ignore" | "Warn" | "Strict" {
  if (given === null || given === "") return "Warn"
  if (given === "Ignore" || given === "Warn" || given === "Strict") return given
  throw badRequest(
    `fieldValidation: Unsupported value: ${JSON.stringify(given)}: supported values: "Ignore", "Warn", "Strict"`,
  )
}

/** The first part of the user agent names the manager of a client that does not name one. */
const agentOf = (request: IncomingMessage): string =>
  (request.headers["user-agent"] ?? "unknown").split("/")[0] ?? "unknown"

const isTrue = (value: string | null) => value !== null && value !== "false" && value !== "0"

function listQuery({ query, namespace }: Exchange) {
  const limit = query.get("limit")
  return {
    namespace,
    labelSelector: query.get("labelSelector") ?? undefined,
    fieldSelector: query.get("fieldSelector") ?? undefined,
    limit: limit === null ? undefined : Number(limit),
    continue: query.get("continue") ?? undefined,
    resourceVersion: query.get("resourceVersion") ?? undefined,
    resourceVersionMatch: query.get("resourceVersionMatch") ?? undefined,
  }
}

function watch(exchange: Exchange): undefined {
  const { core, type, query, response } = exchange
  const timeout = query.get("timeoutSeconds")
  const initial = query.get("sendInitialEvents")
  const request = {
    ...listQuery(exchange),
    allowWatchBookmarks: isTrue(query.get("allowWatchBookmarks")),
    ...(initial === null ? {} : { sendInitialEvents: isTrue(initial) }),
    timeoutSeconds: timeout === null ? undefined : Number(timeout),
  }
  streamWatch(core, type, request, response, encoder(exchange))
  return undefined
}
