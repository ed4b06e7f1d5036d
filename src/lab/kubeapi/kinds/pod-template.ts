import { asObject, isObject, type JsonObject, objectAt, objectsAt, stringAt } from "../json.ts"

/** Sets a field that is absent. */
export function preset(object: JsonObject, field: string, value: unknown): void {
  object[field] ??= value
}

/** A mutable member object of a draft, made when absent. */
export function member(object: JsonObject, field: string): JsonObject {
  if (!isObject(object[field])) object[field] = {}
  return asObject(object[field])
}

/** Defaults of a PodSpec (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go). */
export function podSpecDefaults(spec: JsonObject): void {
  preset(spec, "restartPolicy", "Always")
  preset(spec, "terminationGracePeriodSeconds", 30)
  preset(spec, "dnsPolicy", "ClusterFirst")
  preset(spec, "securityContext", {})
  preset(spec, "schedulerName", "default-scheduler")
  const account = spec.serviceAccountName ?? spec.serviceAccount
  if (account !== undefined && account !== "") {
    // The deprecated alias is still written, and kubectl still shows it.
    spec.serviceAccountName = account
    spec.serviceAccount = account
  }
  const hostNetwork = spec.hostNetwork === true
  for (const list of ["initContainers", "containers", "ephemeralContainers"]) {
    for (const container of objectsAt(spec, list)) containerDefaults(container, hostNetwork)
  }
  for (const volume of objectsAt(spec, "volumes")) volumeDefaults(volume)
}

function containerDefaults(container: JsonObject, hostNetwork: boolean): void {
  preset(container, "imagePullPolicy", pullPolicy(stringAt(container, "image")))
  preset(container, "terminationMessagePath", "/dev/termination-log")
  preset(container, "terminationMessagePolicy", "File")
  preset(container, "resources", {})
  for (const port of objectsAt(container, "ports")) {
    preset(port, "protocol", "TCP")
    if (hostNetwork) preset(port, "hostPort", port.containerPort)
  }
  for (const variable of objectsAt(container, "env")) {
    const field = objectAt(variable, "valueFrom", "fieldRef")
    if (field.fieldPath !== undefined) preset(field, "apiVersion", "v1")
  }
  const limits = objectAt(container, "resources", "limits")
  if (Object.keys(limits).length > 0) {
    const requests = member(member(container, "resources"), "requests")
    for (const [name, value] of Object.entries(limits)) preset(requests, name, value)
  }
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    if (isObject(container[probe])) probeDefaults(container[probe])
  }
}

/** Always for the tag "latest", given or meant; else IfNotPresent. */
function pullPolicy(image: string): string {
  if (image.includes("@")) return "IfNotPresent"
  const tag = image.split("/").at(-1)?.split(":")[1] ?? "latest"
  return tag === "latest" ? "Always" : "IfNotPresent"
}

function probeDefaults(probe: JsonObject): void {
  preset(probe, "timeoutSeconds", 1)
  preset(probe, "periodSeconds", 10)
  preset(probe, "successThreshold", 1)
  preset(probe, "failureThreshold", 3)
  if (isObject(probe.httpGet)) {
    preset(probe.httpGet, "path", "/")
    preset(probe.httpGet, "scheme", "HTTP")
  }
  if (isObject(probe.grpc)) preset(probe.grpc, "service", "")
}

const fileMode = 0o644

function volumeDefaults(volume: JsonObject): void {
  for (const source of ["secret", "configMap", "downwardAPI", "projected"]) {
    if (isObject(volume[source])) preset(volume[source], "defaultMode", fileMode)
  }
  if (isObject(volume.hostPath)) preset(volume.hostPath, "type", "")
  for (const source of objectsAt(volume, "projected", "sources")) {
    if (isObject(source.serviceAccountToken)) {
      preset(source.serviceAccountToken, "expirationSeconds", 3600)
    }
    for (const item of objectsAt(source, "downwardAPI", "items")) {
      if (isObject(item.fieldRef)) preset(item.fieldRef, "apiVersion", "v1")
    }
  }
  for (const item of objectsAt(volume, "downwardAPI", "items")) {
    if (isObject(item.fieldRef)) preset(item.fieldRef, "apiVersion", "v1")
  }
  const sources = Object.keys(volume).filter((f) => f !== "name")
  if (sources.length === 0) volume.emptyDir = {}
}
