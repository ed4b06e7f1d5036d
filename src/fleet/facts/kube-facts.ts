import type { DaemonSet, Node, Pod } from "../../api/core.ts"
import type { DaemonSetFacts, NodeFacts, PodFacts } from "../snapshot.ts"
import { withoutSecrets } from "./secret-names.ts"

export function nodeFacts(node: Node): NodeFacts {
  const ready = node.status?.conditions?.find((c) => c.type === "Ready")
  const pods = (of: Record<string, string> | undefined, key: string) =>
    of?.["pods"] === undefined ? {} : { [key]: Number(of["pods"]) }
  const ip = node.status?.addresses?.find((a) => a.type === "InternalIP")?.address
  return {
    name: node.metadata.name,
    labels: node.metadata.labels ?? {},
    annotations: node.metadata.annotations ?? {},
    ...(node.spec?.providerID === undefined ? {} : { providerID: node.spec.providerID }),
    createdAt: node.metadata.creationTimestamp ?? "",
    unschedulable: node.spec?.unschedulable ?? false,
    taints: node.spec?.taints ?? [],
    ready: ready?.status === "True",
    ...(ready?.message === undefined ? {} : { readyMessage: ready.message }),
    ...(ip === undefined ? {} : { internalIP: ip }),
    ...pods(node.status?.capacity, "capacityPods"),
    ...pods(node.status?.allocatable, "allocatablePods"),
    ...(node.status?.nodeInfo?.["kubeletVersion"] === undefined
      ? {}
      : { kubeletVersion: node.status.nodeInfo["kubeletVersion"] }),
  }
}

interface ContainerStatus {
  restartCount?: number
  state?: { waiting?: { reason?: string; message?: string } }
}

export function podFacts(pod: Pod): PodFacts {
  const owner = pod.metadata.ownerReferences?.find((o) => o.controller)
  const statuses = (pod.status?.["containerStatuses"] ?? []) as ContainerStatus[]
  const waiting = statuses.map((s) => s.state?.waiting?.reason).find((r) => r !== undefined)
  const restarts = statuses.reduce((sum, s) => sum + (s.restartCount ?? 0), 0)
  return {
    namespace: pod.metadata.namespace ?? "",
    name: pod.metadata.name,
    ...(pod.spec.nodeName ? { node: pod.spec.nodeName } : {}),
    ...(pod.status?.podIP ? { ip: pod.status.podIP } : {}),
    phase: pod.status?.phase ?? "Unknown",
    ...(pod.spec.hostNetwork ? { hostNetwork: true as const } : {}),
    ...(owner ? { owner: `${owner.kind}/${owner.name}` } : {}),
    ...(pod.metadata.labels ? { labels: pod.metadata.labels } : {}),
    ...(pod.spec.serviceAccountName ? { serviceAccount: pod.spec.serviceAccountName } : {}),
    ...(restarts > 0 ? { restarts } : {}),
    ...(waiting ? { waiting } : {}),
    ...(pod.metadata.deletionTimestamp ? { terminating: true as const } : {}),
  }
}

export function daemonSetFacts(set: DaemonSet): DaemonSetFacts {
  const containers = set.spec.template.spec.containers
  const main = containers.find((c) => c.name === "aws-node") ?? containers[0]
  const env = Object.fromEntries(
    (main?.env ?? []).filter((e) => e.valueFrom === undefined).map((e) => [e.name, e.value ?? ""]),
  )
  return {
    image: main?.image ?? "",
    env: withoutSecrets(env),
    berth: (main?.image ?? "").includes("/berth-agent:"),
    desired: set.status?.desiredNumberScheduled ?? 0,
    ready: set.status?.numberReady ?? 0,
    updated: set.status?.updatedNumberScheduled ?? 0,
    ...(set.metadata.generation === undefined ? {} : { generation: set.metadata.generation }),
    envOwners: envOwners(set),
  }
}

/** Who set each variable, from server-side apply's book-keeping: f:env -> k:{"name":"X"}. */
function envOwners(set: DaemonSet): Record<string, string> {
  const owners: Record<string, string> = {}
  const managed =
    (set.metadata as { managedFields?: { manager?: string; fieldsV1?: unknown }[] })
      .managedFields ?? []
  for (const { manager = "", fieldsV1 } of managed) {
    for (const [, name = ""] of JSON.stringify(fieldsV1 ?? {}).matchAll(
      /k:\{\\"name\\":\\"([A-Z0-9_a-z]+)\\"\}/g,
    )) {
      if (/^[A-Z]/.test(name)) owners[name] = manager
    }
  }
  return owners
}
