import { ApiError, badRequest, notFound } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { isObject, numberAt, stringAt } from "../json.ts"
import type { Store } from "../store/store.ts"
import { keyOf, type ResourceType } from "../types/resource-type.ts"
import { type SelectorQuery, selectionOf } from "./selection.ts"

export interface ListQuery extends SelectorQuery {
  readonly limit?: number | undefined
  readonly continue?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly resourceVersionMatch?: string | undefined
}

/** Stored objects of one page; `remaining` counts what is left when no selector filters. */
export interface Page {
  readonly items: readonly ApiObject[]
  readonly resourceVersion: string
  readonly continue?: string
  readonly remaining?: number
}

export function getObject(
  store: Store,
  type: ResourceType,
  namespace: string | undefined,
  name: string,
): ApiObject {
  const found = store.collection(type.collection).get(keyOf(namespace, name))
  if (found === undefined) throw notFound(type, name)
  return found
}

/** A page of the selected objects, in the order of their keys; all pages show the state at the first one's revision. */
export function listPage(store: Store, type: ResourceType, query: ListQuery): Page {
  const selection = selectionOf(type, query)
  const start = startOf(store, query)
  const collection = store.collection(type.collection)
  const limit = query.limit && query.limit > 0 ? query.limit : Number.POSITIVE_INFINITY
  const items: ApiObject[] = []
  let last = ""
  let remaining = 0
  for (const [key, object] of collection.listAt(start.revision, selection.namespace, start.after)) {
    if (!selection.matches(object)) continue
    if (items.length === limit) {
      remaining++
      continue
    }
    items.push(object)
    last = key
  }
  const resourceVersion = String(start.revision)
  if (remaining === 0) return { items, resourceVersion }
  const filtered = Boolean(query.labelSelector || query.fieldSelector)
  return {
    items,
    resourceVersion,
    continue: token(start.revision, last),
    ...(filtered ? {} : { remaining }),
  }
}

function startOf(store: Store, query: ListQuery): { revision: number; after: string } {
  if (query.continue) return parseToken(query.continue)
  const revision = store.revision
  const { resourceVersion, resourceVersionMatch } = query
  if (resourceVersion === undefined || resourceVersion === "") return { revision, after: "" }
  if (!/^\d+$/.test(resourceVersion)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    )
  }
  if (Number(resourceVersion) > revision) {
    throw new ApiError(
      504,
      "Timeout",
      `Timeout: Too large resource version: ${resourceVersion}, current: ${revision}`,
      {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
    )
  }
  if (resourceVersionMatch === "Exact") return { revision: Number(resourceVersion), after: "" }
  return { revision, after: "" }
}

/** The shape of the real server's token, which some clients look into. */
const token = (revision: number, after: string): string =>
  Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: after })).toString(
    "base64url",
  )

function parseToken(text: string): { revision: number; after: string } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, "base64url").toString())
    if (isObject(parsed) && typeof parsed.rv === "number") {
      return { revision: numberAt(parsed, "rv"), after: stringAt(parsed, "start") }
    }
  } catch {
    // Falls through to the complaint.
  }
  throw badRequest(
    "invalid continue token: continue key is not valid: it is no token of this server",
  )
}
