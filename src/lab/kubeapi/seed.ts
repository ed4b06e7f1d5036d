import { type ApiObject, timeText } from "./api-object.ts"
import type { JsonObject } from "./json.ts"
import { furnish } from "./kinds/namespaces.ts"
import type { Core } from "./write/core.ts"

const namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"]

/** What a fresh cluster holds before anyone asks: namespaces, their accounts, the service "kubernetes". */
export function seed(core: Core, endpoint: { host: string; port: number }): void {
  for (const name of namespaces) {
    put(core, "/namespaces", "v1", "Namespace", {
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    })
    furnish(core, name)
  }
  const inDefault = {
    name: "kubernetes",
    namespace: "default",
    labels: { component: "apiserver", provider: "kubernetes" },
  }
  put(core, "/services", "v1", "Service", {
    metadata: inDefault,
    spec: {
      clusterIP: "10.96.0.1",
      clusterIPs: ["10.96.0.1"],
      internalTrafficPolicy: "Cluster",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: endpoint.port }],
      sessionAffinity: "None",
      type: "ClusterIP",
    },
    status: { loadBalancer: {} },
  })
  put(core, "/endpoints", "v1", "Endpoints", {
    metadata: { ...inDefault, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [
      {
        addresses: [{ ip: endpoint.host }],
        ports: [{ name: "https", port: endpoint.port, protocol: "TCP" }],
      },
    ],
  })
  put(core, "discovery.k8s.io/endpointslices", "discovery.k8s.io/v1", "EndpointSlice", {
    metadata: { ...inDefault, labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [endpoint.host], conditions: { ready: true } }],
    ports: [{ name: "https", port: endpoint.port, protocol: "TCP" }],
  })
  for (const [name, value] of [
    ["system-cluster-critical", 2_000_000_000],
    ["system-node-critical", 2_000_001_000],
  ] as const) {
    put(core, "scheduling.k8s.io/priorityclasses", "scheduling.k8s.io/v1", "PriorityClass", {
      metadata: { name, generation: 1 },
      value,
      preemptionPolicy: "PreemptLowerPriority",
      description: `Used for system critical pods that must ${name.includes("node") ? "not be moved from their current node" : "run in the cluster, but can be moved to another node if necessary"}.`,
    })
  }
}

function put(
  core: Core,
  collection: string,
  apiVersion: string,
  kind: string,
  body: JsonObject,
): void {
  const given = body as JsonObject & { metadata: { name: string; namespace?: string } }
  const object: ApiObject = {
    ...given,
    apiVersion,
    kind,
    metadata: {
      ...given.metadata,
      uid: core.uid(),
      creationTimestamp: timeText(core.clock.now()),
    },
  }
  const { name, namespace } = object.metadata
  core.store.put(collection, namespace === undefined ? name : `${namespace}/${name}`, object)
}
