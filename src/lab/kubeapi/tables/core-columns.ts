import type { ApiObject } from "../api-object.ts"
import { arrayAt, isObject, numberAt, objectAt, objectsAt, stringAt } from "../json.ts"
import {
  ageColumn,
  type Column,
  containersOf,
  createdColumn,
  labelsText,
  nameColumn,
  orNone,
  text,
  upToThree,
  wide,
} from "./column.ts"
import { age } from "./duration.ts"

const size = (value: unknown) => (isObject(value) ? Object.keys(value).length : 0)
const strings = (values: readonly unknown[]) => values.map(String)
const modes: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
}
const accessModes = (values: readonly unknown[]) =>
  strings(values)
    .map((m) => modes[m] ?? m)
    .join(",")

const nodeColumns: readonly Column[] = [
  nameColumn,
  text("Status", nodeStatus),
  text("Roles", nodeRoles),
  ageColumn,
  text("Version", (o) => stringAt(o, "status", "nodeInfo", "kubeletVersion")),
  wide("Internal-IP", (o) => address(o, "InternalIP")),
  wide("External-IP", (o) => address(o, "ExternalIP")),
  wide("OS-Image", (o) => stringAt(o, "status", "nodeInfo", "osImage") || "<unknown>"),
  wide("Kernel-Version", (o) => stringAt(o, "status", "nodeInfo", "kernelVersion") || "<unknown>"),
  wide(
    "Container-Runtime",
    (o) => stringAt(o, "status", "nodeInfo", "containerRuntimeVersion") || "<unknown>",
  ),
]

function nodeStatus(node: ApiObject): string {
  const ready = objectsAt(node, "status", "conditions").find((c) => c.type === "Ready")
  const state = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady"
  return objectAt(node, "spec").unschedulable === true ? `${state},SchedulingDisabled` : state
}

function nodeRoles(node: ApiObject): string {
  const prefix = "node-role.kubernetes.io/"
  const labels = Object.entries(node.metadata.labels ?? {})
  const roles = labels.flatMap(([key, value]) =>
    key.startsWith(prefix) && key.length > prefix.length
      ? [key.slice(prefix.length)]
      : key === "kubernetes.io/role" && value !== ""
        ? [value]
        : [],
  )
  return orNone([...new Set(roles)].sort().join(","))
}

const address = (node: ApiObject, type: string): string => {
  const found = objectsAt(node, "status", "addresses").find((a) => a.type === type)
  return orNone(stringAt(found, "address"))
}

const serviceColumns: readonly Column[] = [
  nameColumn,
  text("Type", (o) => stringAt(o, "spec", "type")),
  text("Cluster-IP", (o) => orNone(stringAt(o, "spec", "clusterIP"))),
  text("External-IP", externalAddress),
  text("Port(s)", (o) =>
    orNone(
      objectsAt(o, "spec", "ports")
        .map(
          (p) =>
            `${String(p.port)}${p.nodePort ? `:${String(p.nodePort)}` : ""}/${String(p.protocol)}`,
        )
        .join(","),
    ),
  ),
  ageColumn,
  wide("Selector", (o) => labelsText(objectAt(o, "spec").selector)),
]

function externalAddress(service: ApiObject): string {
  const type = stringAt(service, "spec", "type")
  if (type === "ExternalName") return orNone(stringAt(service, "spec", "externalName"))
  const given = strings(arrayAt(service, "spec", "externalIPs"))
  if (type !== "LoadBalancer") return orNone(given.join(","))
  const ingress = objectsAt(service, "status", "loadBalancer", "ingress").map(
    (i) => stringAt(i, "ip") || stringAt(i, "hostname"),
  )
  return [...ingress, ...given].join(",") || "<pending>"
}

function endpointsText(endpoints: ApiObject): string {
  const all = objectsAt(endpoints, "subsets").flatMap((subset) => {
    const addresses = objectsAt(subset, "addresses").map((a) => stringAt(a, "ip"))
    const ports = objectsAt(subset, "ports").map((p) => String(p.port))
    return ports.length === 0
      ? addresses
      : ports.flatMap((port) => addresses.map((ip) => `${ip}:${port}`))
  })
  return upToThree(all)
}

const firstSeen = (event: ApiObject, now: number): string =>
  age(stringAt(event, "firstTimestamp") || stringAt(event, "eventTime"), now)

const eventColumns: readonly Column[] = [
  text("Last Seen", lastSeen),
  text("Type", (o) => stringAt(o, "type")),
  text("Reason", (o) => stringAt(o, "reason")),
  text("Object", (o) => {
    const kind = stringAt(o, "involvedObject", "kind").toLowerCase()
    const name = stringAt(o, "involvedObject", "name")
    return name === "" ? kind : `${kind}/${name}`
  }),
  wide("Subobject", (o) => stringAt(o, "involvedObject", "fieldPath")),
  wide("Source", eventSource),
  text("Message", (o) => stringAt(o, "message").trim()),
  wide("First Seen", firstSeen),
  wide("Count", (o) => numberAt(o, "series", "count") || numberAt(o, "count") || 1),
  { ...wide("Name", (o) => o.metadata.name), format: "name" },
]

function lastSeen(event: ApiObject, now: number): string {
  const last = stringAt(event, "series", "lastObservedTime") || stringAt(event, "lastTimestamp")
  return last === "" ? firstSeen(event, now) : age(last, now)
}

function eventSource(event: ApiObject): string {
  const component = stringAt(event, "source", "component") || stringAt(event, "reportingComponent")
  const host = stringAt(event, "source", "host") || stringAt(event, "reportingInstance")
  return host === "" ? component : `${component}, ${host}`
}

const quotaText = (quota: ApiObject, limits: boolean): string =>
  Object.entries(objectAt(quota, "status", "hard"))
    .filter(([name]) => name.startsWith("limits.") === limits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, hard]) =>
        `${name}: ${stringAt(quota, "status", "used", name) || "0"}/${String(hard)}`,
    )
    .join(", ")

/** Columns of core/v1 kinds, by plural. */
export const coreColumns: Readonly<Record<string, readonly Column[]>> = {
  nodes: nodeColumns,
  services: serviceColumns,
  events: eventColumns,
  namespaces: [nameColumn, text("Status", (o) => stringAt(o, "status", "phase")), ageColumn],
  endpoints: [nameColumn, text("Endpoints", endpointsText), ageColumn],
  serviceaccounts: [nameColumn, ageColumn],
  configmaps: [nameColumn, text("Data", (o) => size(o.data) + size(o.binaryData)), ageColumn],
  secrets: [
    nameColumn,
    text("Type", (o) => stringAt(o, "type")),
    text("Data", (o) => size(o.data)),
    ageColumn,
  ],
  persistentvolumeclaims: [
    nameColumn,
    text("Status", (o) =>
      o.metadata.deletionTimestamp ? "Terminating" : stringAt(o, "status", "phase"),
    ),
    text("Volume", (o) => stringAt(o, "spec", "volumeName")),
    text("Capacity", (o) => stringAt(o, "status", "capacity", "storage")),
    text("Access Modes", (o) => accessModes(arrayAt(o, "status", "accessModes"))),
    text("StorageClass", (o) => stringAt(o, "spec", "storageClassName")),
    text(
      "VolumeAttributesClass",
      (o) => stringAt(o, "spec", "volumeAttributesClassName") || "<unset>",
    ),
    ageColumn,
    wide("VolumeMode", (o) => stringAt(o, "spec", "volumeMode") || "<unset>"),
  ],
  persistentvolumes: [
    nameColumn,
    text("Capacity", (o) => stringAt(o, "spec", "capacity", "storage")),
    text("Access Modes", (o) => accessModes(arrayAt(o, "spec", "accessModes"))),
    text("Reclaim Policy", (o) => stringAt(o, "spec", "persistentVolumeReclaimPolicy")),
    text("Status", (o) =>
      o.metadata.deletionTimestamp ? "Terminating" : stringAt(o, "status", "phase"),
    ),
    text("Claim", (o) => {
      const claim = objectAt(o, "spec", "claimRef")
      return claim.name === undefined
        ? ""
        : `${stringAt(claim, "namespace")}/${stringAt(claim, "name")}`
    }),
    text("StorageClass", (o) => stringAt(o, "spec", "storageClassName")),
    text(
      "VolumeAttributesClass",
      (o) => stringAt(o, "spec", "volumeAttributesClassName") || "<unset>",
    ),
    text("Reason", (o) => stringAt(o, "status", "reason")),
    ageColumn,
    wide("VolumeMode", (o) => stringAt(o, "spec", "volumeMode") || "<unset>"),
  ],
  podtemplates: [
    nameColumn,
    text("Containers", (o) => containersOf(objectAt(o, "template", "spec")).names),
    text("Images", (o) => containersOf(objectAt(o, "template", "spec")).images),
    text("Pod Labels", (o) => labelsText(objectAt(o, "template", "metadata").labels)),
  ],
  limitranges: [nameColumn, createdColumn],
  resourcequotas: [
    nameColumn,
    text("Request", (o) => quotaText(o, false)),
    text("Limit", (o) => quotaText(o, true)),
    ageColumn,
  ],
}
