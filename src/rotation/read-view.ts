import type { Node, Pod } from "../api/core.ts"
import type { NodeClaim } from "../api/nodeclaim.ts"
import type { NodeRotationStatus, RotatedNode } from "../api/noderotation.ts"
import { nodeClaims, pods } from "../api/resources.ts"
import {
  groupKey,
  type NodeGroup,
  type RotationView,
  type ViewNode,
  type ViewPod,
} from "../fleet/rotation/rotation-view.ts"
import type { RotationPorts } from "./rotation-ports.ts"

/** What the last evictions answered, by namespace/name. */
export type Refusals = ReadonlyMap<string, string>

/** A replacement that is this late is worth asking its group about. */
const askAfterMs = 60_000

/**
 * What the next decision needs, read now: pods of the nodes in work alone, so that a step costs the same on a large
 * cluster as on a small one.
 */
export async function readView(
  ports: RotationPorts,
  before: NodeRotationStatus | undefined,
  refusals: Refusals,
): Promise<RotationView> {
  const nodes = ports.nodes()
  const entries = before?.nodes ?? []
  const byKarpenter = entries.some((e) => e.group?.startsWith("karpenter/"))
  const claims =
    byKarpenter || nodes.some(isKarpenters) ? (await ports.kube.list(nodeClaims)).items : []
  const groups = await readGroups(ports, nodes, claims)
  const busy = entries.filter((e) => e.state !== "Waiting" && e.state !== "Done")
  const names = new Set([...busy.map((e) => e.name), ...busy.flatMap((e) => e.replacement ?? [])])
  const draining = new Map(
    busy.flatMap((e) => (e.state === "Draining" ? [[e.name, Date.parse(e.since)]] : [])),
  )
  const known = new Map(nodes.map((n) => [n.metadata.name, n.metadata.uid]))
  const listed = await Promise.all(
    [...names]
      .filter((name) => known.has(name))
      .map(async (name) => [name, await podsOn(ports, name)] as const),
  )
  const podsOf = new Map(listed)
  const wrong = await inspectReplacements(ports, entries, nodes, groups)
  const view = nodes.map((node): [string, ViewNode] => {
    const { name } = node.metadata
    const why = wrong.get(name)
    return [
      name,
      {
        name,
        uid: node.metadata.uid ?? "",
        ready: isReady(node),
        unschedulable: node.spec?.unschedulable ?? false,
        createdAt: Date.parse(node.metadata.creationTimestamp ?? "") || 0,
        group: groups.get(name) ?? { kind: "none" },
        zone: node.metadata.labels?.["topology.kubernetes.io/zone"] ?? "",
        stuckPods: (podsOf.get(name) ?? []).filter(waitsForAddress).length,
        ...(why === undefined ? {} : { wrong: why }),
      },
    ]
  })
  return {
    nodes: new Map(view),
    evictable: new Map(
      [...podsOf].map(([name, list]) => [
        name,
        list
          .filter((p) => mustLeave(p) && !cameBack(p, draining.get(name)))
          .map((p) => viewPod(p, refusals)),
      ]),
    ),
    trouble: await readTrouble(ports, busy),
    coming: comingOf(claims, nodes),
  }
}

async function podsOn({ kube }: RotationPorts, node: string): Promise<Pod[]> {
  return (await kube.list(pods, { fieldSelector: `spec.nodeName=${node}` })).items
}

async function readGroups(
  { groups }: RotationPorts,
  nodes: readonly Node[],
  claims: readonly NodeClaim[],
): Promise<Map<string, NodeGroup>> {
  const found = new Map<string, NodeGroup>()
  const byInstance = new Map<string, string>()
  for (const node of nodes) {
    const id = instanceOf(node)
    if (id !== undefined && !isKarpenters(node)) byInstance.set(id, node.metadata.name)
  }
  for (const [id, group] of await groups.groupsOf([...byInstance.keys()])) {
    const name = byInstance.get(id)
    if (name !== undefined) found.set(name, { kind: "scaling-group", name: group })
  }
  for (const claim of claims) {
    const { nodeName } = claim.status ?? {}
    if (nodeName) found.set(nodeName, groupOfClaim(claim))
  }
  return found
}

const groupOfClaim = ({ metadata: { name, labels } }: NodeClaim): NodeGroup => ({
  ...{ kind: "karpenter", nodeClaim: name, nodePool: labels?.[nodePoolLabel] ?? "" },
})

function comingOf(claims: readonly NodeClaim[], nodes: readonly Node[]): Set<string> {
  const ready = new Set(nodes.filter(isReady).map((n) => n.metadata.name))
  const coming = claims.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && !ready.has(status?.nodeName ?? ""),
  )
  return new Set(coming.map((claim) => groupKey(groupOfClaim(claim))))
}

const nodePoolLabel = "karpenter.sh/nodepool"
const isKarpenters = (node: Node) => node.metadata.labels?.[nodePoolLabel] !== undefined

/** `aws:///us-west-2a/i-0abc` -> `i-0abc`. */
export function instanceOf(node: Node): string | undefined {
  const id = node.spec?.providerID?.split("/").pop()
  return id?.startsWith("i-") ? id : undefined
}

const isReady = (node: Node) =>
  node.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false

const isFinished = (pod: Pod) => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

const controllerOf = (pod: Pod) => pod.metadata.ownerReferences?.find((o) => o.controller)

/** As kubectl drain: a DaemonSet puts its pod back at once, a mirror pod is the kubelet's, a finished one holds nobody up. */
function mustLeave(pod: Pod): boolean {
  const mirror = pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined
  return !mirror && !isFinished(pod) && controllerOf(pod)?.kind !== "DaemonSet"
}

/**
 * A pod that tolerates the cordon may be started on the node again as soon as it was evicted, for ever. As kubectl drain,
 * which evicts the pods that it finds and waits for those alone.
 */
function cameBack({ metadata, spec }: Pod, drainedSince: number | undefined): boolean {
  if (drainedSince === undefined) return false
  const toleratesCordon = spec.tolerations?.some(
    ({ key, operator }) =>
      key === "node.kubernetes.io/unschedulable" || (key === undefined && operator === "Exists"),
  )
  return toleratesCordon === true && Date.parse(metadata.creationTimestamp ?? "") > drainedSince
}

const waitsForAddress = (pod: Pod) =>
  !pod.spec.hostNetwork &&
  !pod.status?.podIP &&
  !isFinished(pod) &&
  pod.metadata.deletionTimestamp === undefined

function viewPod(pod: Pod, refusals: Refusals): ViewPod {
  const { namespace = "", name } = pod.metadata
  const refusal = refusals.get(`${namespace}/${name}`)
  return {
    namespace,
    name,
    terminating: pod.metadata.deletionTimestamp !== undefined,
    ...(controllerOf(pod) === undefined ? { bare: true as const } : {}),
    ...(refusal === undefined ? {} : { refusal }),
  }
}

/** In the works, and its successor is not known: before the node goes, or after it without surge. */
const awaitsSuccessor = ({ state, replacement }: RotatedNode) =>
  state === "Surging" || (state === "Terminating" && replacement === undefined)

/**
 * Looked at twice: when a new node is ready, before anything is drained for it, and when the old one is gone and the new
 * one has taken its pods.
 */
async function inspectReplacements(
  { inspect }: RotationPorts,
  entries: readonly RotatedNode[],
  nodes: readonly Node[],
  groups: ReadonlyMap<string, NodeGroup>,
): Promise<Map<string, string>> {
  const old = new Set(entries.flatMap((e) => e.uid ?? []))
  const fresh = (entry: RotatedNode) =>
    nodes.filter((node) => {
      const { name, uid = "", creationTimestamp = "" } = node.metadata
      const group = groups.get(name)
      if (name === entry.replacement) return true
      // A second's grace: Kubernetes states times to the second.
      const isLater = Date.parse(creationTimestamp) >= Date.parse(entry.since) - 1000
      const isOfGroup = group !== undefined && groupKey(group) === entry.group
      return awaitsSuccessor(entry) && isLater && isOfGroup && !old.has(uid)
    })
  const isGone = ({ name, uid }: RotatedNode) =>
    !nodes.some((n) => n.metadata.name === name && (uid === undefined || n.metadata.uid === uid))
  const looked = entries
    .filter((e) => e.state === "Surging" || (e.state === "Terminating" && isGone(e)))
    .flatMap(fresh)
    .filter(isReady)
  const found = new Map<string, string>()
  for (const name of new Set(looked.map((n) => n.metadata.name))) {
    const why = await inspect(name)
    if (why !== undefined) found.set(name, why)
  }
  return found
}

async function readTrouble(
  { groups, clock }: RotationPorts,
  busy: readonly RotatedNode[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const entry of busy) {
    const group = /^asg\/(.+)$/.exec(entry.group ?? "")?.[1]
    if (group === undefined || found.has(group) || !awaitsSuccessor(entry)) continue
    if (clock.now() - Date.parse(entry.since) < askAfterMs) continue
    // Only words for a message: that they cannot be had holds nothing up.
    const why = await groups.trouble(group).catch(() => undefined)
    if (why !== undefined) found.set(group, why)
  }
  return found
}
