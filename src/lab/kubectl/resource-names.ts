import type { KubeObject } from "../../api/meta.ts"
import {
  eniConfigs,
  leases,
  namespaces,
  nodeNetworks,
  nodes,
  pods,
  type Resource,
  securityGroupPolicies,
  subnetPools,
} from "../../api/resources.ts"

const apps = (plural: string, kind: string): Resource<KubeObject> => ({
  group: "apps",
  version: "v1",
  plural,
  kind,
  namespaced: true,
})

/** core/v1, as kubectl reads them. */
const coreEvents: Resource<KubeObject> = {
  group: "",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
}

export const known: readonly Resource<KubeObject>[] = [
  nodes,
  pods,
  namespaces,
  coreEvents,
  leases,
  eniConfigs,
  securityGroupPolicies,
  nodeNetworks,
  subnetPools,
  apps("deployments", "Deployment"),
  apps("daemonsets", "DaemonSet"),
  apps("replicasets", "ReplicaSet"),
  apps("statefulsets", "StatefulSet"),
]

const aliases: Record<string, string> = {
  po: "pods",
  no: "nodes",
  ns: "namespaces",
  ds: "daemonsets",
  deploy: "deployments",
  rs: "replicasets",
  sts: "statefulsets",
  ev: "events",
}

/** By plural, singular or short name, in any case. */
export function resourceOf(word: string): Resource<KubeObject> {
  const name = aliases[word.toLowerCase()] ?? word.toLowerCase()
  const found = known.find((r) => r.plural === name || r.kind.toLowerCase() === name)
  if (!found) throw new Error(`the server doesn't have a resource type "${word}"`)
  return found
}

export function resourceOfKind(apiVersion: string, kind: string): Resource<KubeObject> {
  const found = known.find(
    (r) =>
      r.kind === kind && (r.group === "" ? r.version : `${r.group}/${r.version}`) === apiVersion,
  )
  if (!found) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`)
  return found
}
