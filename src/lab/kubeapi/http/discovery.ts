import { createHash } from "node:crypto"
import type { JsonObject } from "../json.ts"
import { apiVersionOf, type ResourceType } from "../types/resource-type.ts"
import type { ResourceTypes } from "../types/resource-types.ts"

export const versionInfo = {
  major: "1",
  minor: "35",
  emulationMajor: "1",
  emulationMinor: "35",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "34",
  gitVersion: "v1.35.4+berth-lab",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: "linux/amd64",
}

/** GET /api. */
export const apiVersions = (): JsonObject => ({
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "" }],
})

const rw = ["get", "patch", "update"]

/** Versions of each group, the preferred one first: v2 before v2beta1 before v1. */
function groupVersions(types: ResourceTypes): Map<string, string[]> {
  const groups = new Map<string, Set<string>>()
  for (const { group, version } of types.all()) {
    groups.set(group, (groups.get(group) ?? new Set()).add(version))
  }
  return new Map([...groups].map(([group, versions]) => [group, [...versions].sort(newestFirst)]))
}

function newestFirst(a: string, b: string): number {
  const rank = (v: string) => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(v)
    if (!match) return [-1, 0, 0]
    const stage = match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0
    return [stage, Number(match[1]), Number(match[3] ?? 0)]
  }
  const [x, y] = [rank(a), rank(b)]
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return (y[i] ?? 0) - (x[i] ?? 0)
  return a < b ? -1 : 1
}

function groupEntry(group: string, versions: readonly string[]): JsonObject {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: entries, preferredVersion: entries[0] }
}

/** GET /apis. */
export const groupList = (types: ResourceTypes): JsonObject => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: [...groupVersions(types)]
    .filter(([group]) => group !== "")
    .map(([group, versions]) => groupEntry(group, versions)),
})

/** GET /apis/GROUP; undefined when there is no such group. */
export function oneGroup(types: ResourceTypes, group: string): JsonObject | undefined {
  const versions = groupVersions(types).get(group)
  return versions && group !== ""
    ? { kind: "APIGroup", apiVersion: "v1", ...groupEntry(group, versions) }
    : undefined
}

/** GET /api/v1 or /apis/GROUP/VERSION; undefined when it is not served. */
export function resourceList(types: ResourceTypes, groupVersion: string): JsonObject | undefined {
  const served = types.all().filter((t) => apiVersionOf(t) === groupVersion)
  if (served.length === 0) return undefined
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: served.flatMap((t) => [
      {
        name: t.plural,
        singularName: t.singular,
        namespaced: t.namespaced,
        kind: t.kind,
        verbs: t.verbs,
        ...(t.shortNames.length > 0 ? { shortNames: t.shortNames } : {}),
        ...(t.categories.length > 0 ? { categories: t.categories } : {}),
        ...(t.verbs.includes("list") ? { storageVersionHash: hash(t) } : {}),
      },
      ...subresources(t).map((s) => ({
        name: `${t.plural}/${s.name}`,
        singularName: "",
        namespaced: t.namespaced,
        ...(s.group === undefined ? {} : { group: s.group, version: s.version }),
        kind: s.kind,
        verbs: s.verbs,
      })),
    ]),
  }
}

const subresources = (type: ResourceType) => {
  const scale = type.scale
    ? [{ name: "scale", kind: "Scale", verbs: rw, group: "autoscaling", version: "v1" }]
    : []
  const status = type.status
    ? [{ name: "status", kind: type.kind, verbs: rw, group: undefined, version: undefined }]
    : []
  return type.custom ? [...status, ...scale] : [...type.subresources, ...scale, ...status]
}

const hash = (t: ResourceType) =>
  createHash("sha256").update(`${t.collection}/${t.kind}`).digest("base64").slice(0, 12)

/** The aggregated form (apidiscovery.k8s.io) of /api or /apis: all groups, versions and resources in one answer. */
export function aggregated(types: ResourceTypes, core: boolean, version: string): JsonObject {
  const all = types.all()
  const items = [...groupVersions(types)]
    .filter(([group]) => (group === "") === core)
    .map(([group, versions]) => ({
      metadata: group === "" ? {} : { name: group },
      versions: versions.map((v) => ({
        version: v,
        freshness: "Current",
        resources: all.filter((t) => t.group === group && t.version === v).map(aggregatedResource),
      })),
    }))
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items,
  }
}

const aggregatedResource = (t: ResourceType) => ({
  resource: t.plural,
  responseKind: { group: t.group, version: t.version, kind: t.kind },
  scope: t.namespaced ? "Namespaced" : "Cluster",
  singularResource: t.singular,
  verbs: t.verbs,
  ...(t.shortNames.length > 0 ? { shortNames: t.shortNames } : {}),
  ...(t.categories.length > 0 ? { categories: t.categories } : {}),
  ...(subresources(t).length > 0
    ? {
        subresources: subresources(t).map((s) => ({
          subresource: s.name,
          responseKind: {
            group: s.group ?? t.group,
            version: s.version ?? t.version,
            kind: s.kind,
          },
          verbs: s.verbs,
        })),
      }
    : {}),
})

/** The version of aggregated discovery that an Accept header asks for. */
export function aggregatedVersion(accept: string | undefined): string | undefined {
  const wanted = accept?.match(/application\/json;[^,]*g=apidiscovery\.k8s\.io[^,]*/g) ?? []
  for (const part of wanted) {
    const version = /v=(v2|v2beta1)\b/.exec(part)?.[1]
    if (version !== undefined) return version
  }
  return undefined
}
