import { type Cause, complaint } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { asObject, objectsAt, stringAt } from "../json.ts"
import type { Core } from "../write/core.ts"
import { member, preset } from "./pod-template.ts"
import type { Strategy } from "./strategy.ts"

/** Service addresses are handed out from 10.96.0.0/16 in order of asking; .0.1 is the API server's. */
const firstAddress = 10
const lastAddress = 0xfffe
const firstNodePort = 30_000
const lastNodePort = 32_767

export const serviceStrategy: Strategy = {
  defaults: (draft) => {
    const spec = member(draft, "spec")
    preset(spec, "sessionAffinity", "None")
    preset(spec, "type", "ClusterIP")
    for (const port of objectsAt(spec, "ports")) {
      preset(port, "protocol", "TCP")
      preset(port, "targetPort", port.port)
    }
    if (spec.type === "ExternalName") return
    preset(spec, "internalTrafficPolicy", "Cluster")
    if (spec.type !== "ClusterIP") preset(spec, "externalTrafficPolicy", "Cluster")
  },
  onCreate: (draft, core) => {
    allocate(draft, core)
  },
  onUpdate: (draft, old, core) => {
    const [spec, before] = [asObject(draft.spec), asObject(old.spec)]
    if (spec.type !== "ExternalName") {
      preset(spec, "clusterIP", before.clusterIP)
      preset(spec, "clusterIPs", before.clusterIPs)
    }
    allocate(draft, core)
  },
  validate: (service, old) => [
    ...portCauses(service),
    ...(old ? clusterAddressCauses(service, old) : []),
  ],
}

function portCauses(service: ApiObject): Cause[] {
  const spec = asObject(service.spec)
  const ports = objectsAt(spec, "ports")
  if (ports.length === 0 && spec.clusterIP !== "None" && spec.type !== "ExternalName") {
    return [complaint.required("spec.ports")]
  }
  const unnamed =
    ports.length > 1
      ? ports.flatMap((p, i) => (p.name ? [] : [complaint.required(`spec.ports[${i}].name`)]))
      : []
  const numbers = ports.flatMap((p, i) =>
    typeof p.port === "number" && p.port > 0 && p.port < 65536
      ? []
      : [
          complaint.invalid(
            `spec.ports[${i}].port`,
            p.port ?? 0,
            "must be between 1 and 65535, inclusive",
          ),
        ],
  )
  return [...unnamed, ...numbers]
}

function clusterAddressCauses(service: ApiObject, old: ApiObject): Cause[] {
  const [now, before] = [stringAt(service, "spec", "clusterIP"), stringAt(old, "spec", "clusterIP")]
  if (before === "" || now === before || stringAt(service, "spec", "type") === "ExternalName")
    return []
  return [complaint.invalid("spec.clusterIPs[0]", [now], "may not change once set")]
}

function allocate(draft: ApiObject, core: Core): void {
  const spec = asObject(draft.spec)
  if (spec.type === "ExternalName") return
  preset(spec, "ipFamilyPolicy", "SingleStack")
  preset(spec, "ipFamilies", ["IPv4"])
  const services = [...core.store.collection("/services").list()].map(([, s]) => s)
  if (spec.clusterIP === undefined || spec.clusterIP === "") {
    spec.clusterIP = freeAddress(new Set(services.map((s) => stringAt(s, "spec", "clusterIP"))))
  }
  spec.clusterIPs = [spec.clusterIP]
  if (spec.type === "ClusterIP") return
  const used = new Set(
    services.flatMap((s) => objectsAt(s, "spec", "ports").map((p) => p.nodePort)),
  )
  for (const port of objectsAt(spec, "ports")) {
    if (port.nodePort !== undefined) continue
    let candidate = firstNodePort
    while (used.has(candidate) && candidate < lastNodePort) candidate++
    port.nodePort = candidate
    used.add(candidate)
  }
}

function freeAddress(used: ReadonlySet<string>): string {
  for (let n = firstAddress; n <= lastAddress; n++) {
    const address = `10.96.${n >> 8}.${n & 255}`
    if (!used.has(address)) return address
  }
  return ""
}
