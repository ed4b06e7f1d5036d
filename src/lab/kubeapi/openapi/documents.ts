import { createHash } from "node:crypto"
import type { JsonObject } from "../json.ts"
import { typeNameOf } from "../types/builtin-resources.ts"
import { builtinSchema } from "../types/builtin-schema.ts"
import { apiVersionOf, type ResourceType } from "../types/resource-type.ts"
import type { ResourceTypes } from "../types/resource-types.ts"
import { wholeSchema } from "../types/whole-schema.ts"
import { type Dialect, refTo, typeDocument } from "./schema-document.ts"

const info = { title: "Kubernetes", version: "1.35" }

/** Name of a kind's type: that of its Go package, or for a custom one its group reversed. */
export const nameOf = (type: ResourceType): string =>
  type.custom
    ? `${type.group.split(".").toReversed().join(".")}.${type.version}.${type.kind}`
    : typeNameOf(type.group, type.version, type.kind)

/** The schemas of some kinds and of every type they are made of. */
export function schemasOf(kinds: readonly ResourceType[], dialect: Dialect): JsonObject {
  const seen = new Set<string>()
  const out: JsonObject = {}
  for (const type of kinds) {
    out[nameOf(type)] = {
      ...typeDocument(wholeSchema(type), dialect, seen),
      "x-kubernetes-group-version-kind": [
        { group: type.group, version: type.version, kind: type.kind },
      ],
    }
  }
  // A set may grow while it is walked: types found on the way are visited too.
  for (const name of seen) out[name] ??= typeDocument(builtinSchema(name), dialect, seen)
  return out
}

const queryParameter = (name: string, type: string) => ({
  name,
  in: "query",
  schema: { type, uniqueItems: true },
})
const writeParameters = ["dryRun", "fieldManager", "fieldValidation"].map((name) =>
  queryParameter(name, "string"),
)
const force = queryParameter("force", "boolean")

/** Name in operations, HTTP method and whether it is of the collection, for each verb. */
const operations: Readonly<
  Record<string, readonly [action: string, method: string, collection: boolean]>
> = {
  list: ["list", "get", true],
  create: ["post", "post", true],
  deletecollection: ["deletecollection", "delete", true],
  get: ["get", "get", false],
  update: ["put", "put", false],
  patch: ["patch", "patch", false],
  delete: ["delete", "delete", false],
}

/** The paths of a kind, with what clients look for: its kind, and the parameters of writes. */
export function pathsOf(type: ResourceType, dialect: Dialect): JsonObject {
  const root = `${type.group === "" ? "/api" : "/apis"}/${apiVersionOf(type)}`
  const scope = type.namespaced ? `${root}/namespaces/{namespace}` : root
  const collection: JsonObject = {}
  const item: JsonObject = {}
  for (const verb of type.verbs) {
    const operation = operations[verb]
    if (operation === undefined) continue
    const [action, method, ofCollection] = operation
    const target = ofCollection ? collection : item
    target[method] = describe(type, action, dialect)
  }
  return {
    [`${scope}/${type.plural}`]: collection,
    ...(Object.keys(item).length > 0 ? { [`${scope}/${type.plural}/{name}`]: item } : {}),
  }
}

function describe(type: ResourceType, action: string, dialect: Dialect): JsonObject {
  const writes = ["post", "put", "patch"].includes(action)
  const parameters = [...(writes ? writeParameters : []), ...(action === "patch" ? [force] : [])]
  const schema = refTo(nameOf(type), dialect)
  return {
    ...(parameters.length > 0 ? { parameters: parameters.map((p) => inDialect(p, dialect)) } : {}),
    responses: {
      200:
        dialect === "v2"
          ? { description: "OK", schema }
          : { description: "OK", content: { "application/json": { schema } } },
    },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": {
      group: type.group,
      version: type.version,
      kind: type.kind,
    },
  }
}

const inDialect = (p: ReturnType<typeof queryParameter>, dialect: Dialect) =>
  dialect === "v2" ? { name: p.name, in: p.in, ...p.schema } : p

const pathOf = (groupVersion: string) =>
  groupVersion.includes("/") ? `apis/${groupVersion}` : `api/${groupVersion}`

/** GET /openapi/v3: the documents there are, each under a hash of its content. */
export function openApiIndex(types: ResourceTypes): JsonObject {
  const groupVersions = [...new Set(types.all().map(apiVersionOf))]
  const paths = groupVersions.map((gv) => {
    const hash = createHash("sha256").update(`${types.version} ${gv}`).digest("hex").toUpperCase()
    return [pathOf(gv), { serverRelativeURL: `/openapi/v3/${pathOf(gv)}?hash=${hash}` }]
  })
  return { paths: Object.fromEntries(paths) }
}

/** GET /openapi/v3/apis/GROUP/VERSION; undefined when it is not served. */
export function openApiV3(types: ResourceTypes, path: string): JsonObject | undefined {
  const kinds = types.all().filter((t) => pathOf(apiVersionOf(t)) === path)
  if (kinds.length === 0) return undefined
  return {
    openapi: "3.0.0",
    info,
    paths: Object.assign({}, ...kinds.map((t) => pathsOf(t, "v3"))),
    components: { schemas: schemasOf(kinds, "v3") },
  }
}

/** GET /openapi/v2. */
export const openApiV2 = (types: ResourceTypes): JsonObject => ({
  swagger: "2.0",
  info,
  paths: Object.assign({}, ...types.all().map((t) => pathsOf(t, "v2"))),
  definitions: schemasOf(types.all(), "v2"),
})
