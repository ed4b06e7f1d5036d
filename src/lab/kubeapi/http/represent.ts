import type { IncomingMessage } from "node:http"
import type { ApiObject } from "../api-object.ts"
import type { JsonObject } from "../json.ts"
import type { Page } from "../read/list.ts"
import { tableOf } from "../tables/table.ts"
import { apiVersionOf, type ResourceType } from "../types/resource-type.ts"
import { out } from "../write/create.ts"
import type { Exchange, Reply } from "./resources.ts"

interface Representation {
  readonly as: "object" | "table" | "metadata"
  /** Of meta.k8s.io. */
  readonly version: string
}

/** What the Accept header asks for: the object, a Table, or only the metadata. */
function representation(request: IncomingMessage): Representation {
  for (const part of (request.headers.accept ?? "").split(",")) {
    const [media = "", ...params] = part.split(";").map((p) => p.trim())
    const given = Object.fromEntries(params.map((p) => p.split("=")))
    if (media !== "application/json" && media !== "*/*" && media !== "application/*") continue
    const version = String(given.v ?? "v1")
    if (given.as === "Table" && given.g === "meta.k8s.io") return { as: "table", version }
    if (String(given.as ?? "").startsWith("PartialObjectMetadata")) {
      return { as: "metadata", version }
    }
    if (given.as === undefined) return { as: "object", version }
  }
  return { as: "object", version: "v1" }
}

/** JSON of objects, but for the opening brace, kind and apiVersion. */
const texts = new WeakMap<ApiObject, string>()

/** The JSON of a stored object, made once however many clients list or watch it. */
const jsonOf = (type: ResourceType, stored: ApiObject): string =>
  `{"kind":"${type.kind}","apiVersion":"${apiVersionOf(type)}",${restOf(type, stored)}`

/** Items of built-in lists do not repeat their kind, as typed lists of the API server do not. */
const itemJson = (type: ResourceType, stored: ApiObject): string =>
  type.custom ? jsonOf(type, stored) : `{${restOf(type, stored)}`

function restOf(type: ResourceType, stored: ApiObject): string {
  const known = type.conversion ? undefined : texts.get(stored)
  if (known !== undefined) return known
  const { kind: _, apiVersion: __, ...rest } = out(type, stored)
  const text = JSON.stringify(rest).slice(1)
  if (!type.conversion && Object.isFrozen(stored)) texts.set(stored, text)
  return text
}

const partialMetadata = (object: ApiObject, version: string): JsonObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
})

/** How this request wants each object written. */
export function encoder({ request, type, query, core }: Exchange): (object: ApiObject) => string {
  const { as, version } = representation(request)
  if (as === "object") return (o) => jsonOf(type, o)
  if (as === "metadata") return (o) => JSON.stringify(partialMetadata(o, version))
  const include = query.get("includeObject") ?? "Metadata"
  return (o) => JSON.stringify(tableOf(core, type, [o], { version, include }))
}

export const objectReply = (exchange: Exchange, status: number, object: ApiObject): Reply => ({
  status,
  body: encoder(exchange)(object),
})

export function listReply({ request, type, query, core }: Exchange, page: Page): Reply {
  const { as, version } = representation(request)
  const metadata: JsonObject = {
    resourceVersion: page.resourceVersion,
    ...(page.continue === undefined ? {} : { continue: page.continue }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  }
  if (as === "table") {
    const include = query.get("includeObject") ?? "Metadata"
    const table = tableOf(core, type, page.items, { version, include })
    return { status: 200, body: { ...table, metadata } }
  }
  if (as === "metadata") {
    const items = page.items.map((o) => partialMetadata(o, version))
    const header = { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}` }
    return { status: 200, body: { ...header, metadata, items } }
  }
  const header = { kind: type.listKind, apiVersion: apiVersionOf(type), metadata }
  const items = page.items.map((o) => itemJson(type, o)).join(",")
  return { status: 200, body: `${JSON.stringify(header).slice(0, -1)},"items":[${items}]}` }
}
