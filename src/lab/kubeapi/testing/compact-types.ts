import type { GoField } from "./go-fields.ts"

/**
 * Makes the table of built-in types (types/builtin-types.json) from the OpenAPI v3 documents of a real API server
 * and the struct tags of its Go types: only names, types, merge keys and protobuf numbers, which are facts of the API;
 * no descriptions.
 */
interface Property {
  $ref?: string
  allOf?: { $ref: string }[]
  type?: string
  format?: string
  enum?: string[]
  default?: unknown
  items?: Property
  additionalProperties?: Property
  [extension: `x-kubernetes-${string}`]: unknown
}

export interface OpenApiDocument {
  components: { schemas: Record<string, Definition> }
}

interface Definition extends Property {
  properties?: Record<string, Property>
  required?: string[]
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[]
}

/** Type name -> field -> its line; "" holds what concerns the whole type. */
export type CompactTypes = Record<string, Record<string, string>>

const prefix = "#/components/schemas/"
const scalars: Record<string, string> = {
  "integer/int32": "int32",
  "integer/int64": "int64",
  "number/double": "double",
  "string/byte": "bytes",
  "string/": "string",
  "boolean/": "bool",
}

function base(p: Property): string {
  const ref = p.$ref ?? p.allOf?.[0]?.$ref
  if (ref !== undefined) return ref.slice(prefix.length)
  if (p.type === "array") {
    const keys = p["x-kubernetes-list-map-keys"] as string[] | undefined
    const set = p["x-kubernetes-list-type"] === "set"
    return `[${set ? "set" : (keys?.join(",") ?? "")}]${base(p.items ?? {})}`
  }
  if (p.type === "object" && p.additionalProperties) return `{}${base(p.additionalProperties)}`
  const scalar = scalars[`${p.type}/${p.format ?? ""}`]
  if (scalar === undefined) throw new Error(`no short form for ${JSON.stringify(p)}`)
  return scalar
}

const zeros: Record<string, unknown> = { string: "", bool: false, int32: 0, int64: 0, double: 0 }

function field(p: Property, required: boolean, go: GoField | undefined): string {
  const type = base(p)
  const words = [go?.number || "-", type]
  if (go?.pointer && type in zeros) words.push("pointer")
  if (required) words.push("required")
  if (go?.nullable && !required) words.push("null")
  const strategy = p["x-kubernetes-patch-strategy"] as string | undefined
  const mergeKey = p["x-kubernetes-patch-merge-key"] as string | undefined
  const mapKeys = p["x-kubernetes-list-map-keys"] as string[] | undefined
  if (strategy !== undefined) {
    const key = mergeKey === undefined || mergeKey === mapKeys?.[0] ? "" : `=${mergeKey}`
    words.push(...strategy.split(",").map((s) => (s === "merge" ? `merge${key}` : s)))
  }
  if (p["x-kubernetes-map-type"] === "atomic") words.push("atomic")
  if (p.default !== undefined && !(required && zeros[type] === p.default)) {
    words.push(p.type === undefined ? "zero" : `default=${JSON.stringify(p.default)}`)
  }
  if (p.enum) words.push(`enum=${p.enum.join("|")}`)
  return words.join(" ")
}

/** The kinds whose types the table holds, besides those that only they are made of. */
export const tableKinds: ReadonlySet<string> = new Set(
  Object.entries({
    "/v1":
      "Pod Node Namespace Service Endpoints ServiceAccount ConfigMap Secret Event Binding PersistentVolume PersistentVolumeClaim PodTemplate LimitRange ResourceQuota",
    "apps/v1": "Deployment ReplicaSet StatefulSet DaemonSet ControllerRevision",
    "batch/v1": "Job CronJob",
    "coordination.k8s.io/v1": "Lease",
    "events.k8s.io/v1": "Event",
    "policy/v1": "PodDisruptionBudget Eviction",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding ClusterRole ClusterRoleBinding",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "admissionregistration.k8s.io/v1":
      "ValidatingWebhookConfiguration MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
    "storage.k8s.io/v1": "StorageClass CSINode CSIDriver",
    "scheduling.k8s.io/v1": "PriorityClass",
    "discovery.k8s.io/v1": "EndpointSlice",
    "authentication.k8s.io/v1": "TokenReview TokenRequest SelfSubjectReview",
    "authorization.k8s.io/v1":
      "SelfSubjectAccessReview SubjectAccessReview SelfSubjectRulesReview LocalSubjectAccessReview",
    "autoscaling/v1": "Scale",
  }).flatMap(([groupVersion, kinds]) => kinds.split(" ").map((kind) => `${groupVersion}/${kind}`)),
)

/** The types reachable from `kinds` ("group/version/Kind"), by full name. `go` adds what OpenAPI does not tell. */
export function compactTypes(
  documents: readonly OpenApiDocument[],
  kinds: ReadonlySet<string>,
  go: ReadonlyMap<string, ReadonlyMap<string, GoField>>,
): CompactTypes {
  const all = Object.assign({}, ...documents.map((d) => d.components.schemas)) as Record<
    string,
    Definition
  >
  const wanted = new Set<string>()
  const visit = (name: string) => {
    const d = all[name]
    if (wanted.has(name) || d?.properties === undefined) return
    wanted.add(name)
    for (const p of Object.values(d.properties)) {
      const element = base(p).replace(/^(\[[^\]]*\]|\{\})+/, "")
      if (element.includes(".")) visit(element)
    }
  }
  for (const [name, d] of Object.entries(all)) {
    const own = d["x-kubernetes-group-version-kind"] ?? []
    if (own.length === 1 && own.some((k) => kinds.has(`${k.group}/${k.version}/${k.kind}`)))
      visit(name)
  }
  const out: CompactTypes = {}
  for (const name of [...wanted].sort()) {
    const d = all[name]
    if (d?.properties === undefined) continue
    const required = new Set(d.required)
    const fields = Object.entries(d.properties).sort(([a], [b]) => (a < b ? -1 : 1))
    out[name] = Object.fromEntries(
      fields.map(([f, p]) => [f, field(p, required.has(f), go.get(name)?.get(f))]),
    )
    if (d["x-kubernetes-map-type"] === "atomic") out[name] = { "": "atomic", ...out[name] }
  }
  return out
}
