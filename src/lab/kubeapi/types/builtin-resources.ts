import { builtinSchema } from "./builtin-schema.ts"
import { coreEvent } from "./event-conversion.ts"
import type { ResourceType, ScalePaths, Subresource } from "./resource-type.ts"
import type { Schema } from "./schema.ts"

/** A row of the table: the kind, then what differs from the usual. */
interface Row {
  readonly kind: string
  readonly plural?: string
  readonly cluster?: true
  readonly short?: readonly string[]
  readonly categories?: readonly string[]
  readonly status?: true
  readonly scale?: ScalePaths
  readonly generation?: true
  readonly subresources?: readonly Subresource[]
  readonly selectable?: readonly string[]
  /** Answered, never stored: reviews. */
  readonly createOnly?: true
  readonly verbs?: readonly string[]
  readonly deprecated?: string
}

const allVerbs = "create delete deletecollection get list patch update watch".split(" ")
const rw = ["get", "patch", "update"]
const replicas: ScalePaths = {
  spec: "spec.replicas",
  status: "status.replicas",
  selector: "spec.selector",
}
const stream = (name: string, kind: string): Subresource => ({
  name,
  kind,
  verbs: ["create", "get"],
})
const all = ["all"]
const eventFields =
  "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath reason reportingComponent source type".split(
    " ",
  )

const table: Readonly<Record<string, readonly Row[]>> = {
  "/v1": [
    { kind: "ConfigMap", short: ["cm"] },
    {
      kind: "Endpoints",
      plural: "endpoints",
      short: ["ep"],
      deprecated: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    },
    { kind: "Event", short: ["ev"], selectable: eventFields },
    { kind: "LimitRange", short: ["limits"] },
    {
      kind: "Namespace",
      cluster: true,
      short: ["ns"],
      status: true,
      verbs: allVerbs.filter((v) => v !== "deletecollection"),
      subresources: [{ name: "finalize", kind: "Namespace", verbs: ["update"] }],
      selectable: ["status.phase"],
    },
    {
      kind: "Node",
      cluster: true,
      short: ["no"],
      status: true,
      subresources: [
        {
          name: "proxy",
          kind: "NodeProxyOptions",
          verbs: ["create", "delete", "get", "patch", "update"],
        },
      ],
      selectable: ["spec.unschedulable"],
    },
    { kind: "PersistentVolumeClaim", short: ["pvc"], status: true },
    { kind: "PersistentVolume", cluster: true, short: ["pv"], status: true },
    {
      kind: "Pod",
      short: ["po"],
      categories: all,
      status: true,
      generation: true,
      subresources: [
        stream("attach", "PodAttachOptions"),
        { name: "binding", kind: "Binding", verbs: ["create"] },
        { name: "ephemeralcontainers", kind: "Pod", verbs: rw },
        { name: "eviction", kind: "Eviction", verbs: ["create"], group: "policy", version: "v1" },
        stream("exec", "PodExecOptions"),
        { name: "log", kind: "Pod", verbs: ["get"] },
        stream("portforward", "PodPortForwardOptions"),
      ],
      selectable:
        "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork status.phase status.podIP status.nominatedNodeName".split(
          " ",
        ),
    },
    { kind: "PodTemplate", generation: true },
    { kind: "ResourceQuota", short: ["quota"], status: true },
    { kind: "Secret", selectable: ["type"] },
    {
      kind: "ServiceAccount",
      short: ["sa"],
      subresources: [
        {
          name: "token",
          kind: "TokenRequest",
          verbs: ["create"],
          group: "authentication.k8s.io",
          version: "v1",
        },
      ],
    },
    {
      kind: "Service",
      short: ["svc"],
      categories: all,
      status: true,
      selectable: ["spec.clusterIP", "spec.type"],
    },
  ],
  "apps/v1": [
    { kind: "ControllerRevision" },
    { kind: "DaemonSet", short: ["ds"], categories: all, status: true, generation: true },
    {
      kind: "Deployment",
      short: ["deploy"],
      categories: all,
      status: true,
      generation: true,
      scale: replicas,
    },
    {
      kind: "ReplicaSet",
      short: ["rs"],
      categories: all,
      status: true,
      generation: true,
      scale: replicas,
      selectable: ["status.replicas"],
    },
    {
      kind: "StatefulSet",
      short: ["sts"],
      categories: all,
      status: true,
      generation: true,
      scale: replicas,
    },
  ],
  "authentication.k8s.io/v1": [
    { kind: "SelfSubjectReview", cluster: true, createOnly: true },
    { kind: "TokenReview", cluster: true, createOnly: true },
  ],
  "authorization.k8s.io/v1": [
    { kind: "LocalSubjectAccessReview", createOnly: true },
    { kind: "SelfSubjectAccessReview", cluster: true, createOnly: true },
    { kind: "SelfSubjectRulesReview", cluster: true, createOnly: true },
    { kind: "SubjectAccessReview", cluster: true, createOnly: true },
  ],
  "batch/v1": [
    { kind: "CronJob", short: ["cj"], categories: all, status: true, generation: true },
    {
      kind: "Job",
      categories: all,
      status: true,
      generation: true,
      selectable: ["status.successful"],
    },
  ],
  "coordination.k8s.io/v1": [{ kind: "Lease" }],
  "discovery.k8s.io/v1": [{ kind: "EndpointSlice", generation: true }],
  "events.k8s.io/v1": [{ kind: "Event", short: ["ev"], selectable: eventFields }],
  "policy/v1": [{ kind: "PodDisruptionBudget", short: ["pdb"], status: true, generation: true }],
  "rbac.authorization.k8s.io/v1": [
    { kind: "ClusterRoleBinding", cluster: true },
    { kind: "ClusterRole", cluster: true },
    { kind: "RoleBinding" },
    { kind: "Role" },
  ],
  "scheduling.k8s.io/v1": [
    {
      kind: "PriorityClass",
      plural: "priorityclasses",
      cluster: true,
      short: ["pc"],
      generation: true,
    },
  ],
  "storage.k8s.io/v1": [
    { kind: "CSIDriver", cluster: true },
    { kind: "CSINode", cluster: true },
    { kind: "StorageClass", plural: "storageclasses", cluster: true, short: ["sc"] },
  ],
  "admissionregistration.k8s.io/v1": [
    {
      kind: "MutatingWebhookConfiguration",
      cluster: true,
      generation: true,
      categories: ["api-extensions"],
    },
    {
      kind: "ValidatingAdmissionPolicy",
      plural: "validatingadmissionpolicies",
      cluster: true,
      status: true,
      generation: true,
      categories: ["api-extensions"],
    },
    {
      kind: "ValidatingAdmissionPolicyBinding",
      cluster: true,
      generation: true,
      categories: ["api-extensions"],
    },
    {
      kind: "ValidatingWebhookConfiguration",
      cluster: true,
      generation: true,
      categories: ["api-extensions"],
    },
  ],
  "apiextensions.k8s.io/v1": [
    {
      kind: "CustomResourceDefinition",
      cluster: true,
      short: ["crd", "crds"],
      categories: ["api-extensions"],
      status: true,
      generation: true,
    },
  ],
}

/** OpenAPI packages of the groups whose Go package is not named after the group's first label. */
const packages: Readonly<Record<string, string>> = {
  "": "io.k8s.api.core",
  "rbac.authorization.k8s.io": "io.k8s.api.rbac",
  "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
}

/** Full name of a built-in kind's type in the OpenAPI documents. */
export const typeNameOf = (group: string, version: string, kind: string): string =>
  `${packages[group] ?? `io.k8s.api.${group.split(".")[0]}`}.${version}.${kind}`

function resource(groupVersion: string, row: Row): ResourceType {
  const [group = "", version = ""] = groupVersion.split("/")
  const singular = row.kind.toLowerCase()
  const plural = row.plural ?? `${singular}s`
  const event = row.kind === "Event"
  return {
    group,
    version,
    kind: row.kind,
    plural,
    singular,
    listKind: `${row.kind}List`,
    namespaced: row.cluster !== true,
    shortNames: row.short ?? [],
    categories: row.categories ?? [],
    verbs: row.createOnly ? ["create"] : (row.verbs ?? allVerbs),
    subresources: row.subresources ?? [],
    status: row.status ?? false,
    ...(row.scale ? { scale: row.scale } : {}),
    generation: row.generation ?? false,
    ...(row.deprecated ? { deprecated: row.deprecated } : {}),
    schema: builtinSchema(typeNameOf(group, version, row.kind)),
    // core/v1 and events.k8s.io/v1 Events are one collection, stored in the core form.
    collection: event ? "/events" : `${group}/${plural}`,
    selectable: new Set(["metadata.name", "metadata.namespace", ...(row.selectable ?? [])]),
    ...(event && group !== "" ? { conversion: coreEvent } : {}),
  }
}

export const builtinResources: readonly ResourceType[] = Object.entries(table).flatMap(
  ([groupVersion, rows]) => rows.map((row) => resource(groupVersion, row)),
)

const core = "io.k8s.api.core.v1"
const deleteOptions = builtinSchema("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")

/** Schemas of the kinds that are sent to subresources or with a DELETE, by "apiVersion/kind". */
export const requestKinds: ReadonlyMap<string, { readonly schema: Schema }> = new Map(
  [
    ["v1/Binding", builtinSchema(`${core}.Binding`)] as const,
    ["policy/v1/Eviction", builtinSchema(typeNameOf("policy", "v1", "Eviction"))] as const,
    ["autoscaling/v1/Scale", builtinSchema(typeNameOf("autoscaling", "v1", "Scale"))] as const,
    ...["v1", ...Object.keys(table).filter((gv) => !gv.startsWith("/"))].map(
      (gv) => [`${gv}/DeleteOptions`, deleteOptions] as const,
    ),
    [
      "authentication.k8s.io/v1/TokenRequest",
      builtinSchema(typeNameOf("authentication.k8s.io", "v1", "TokenRequest")),
    ] as const,
  ].map(([name, schema]) => [name, { schema }]),
)
