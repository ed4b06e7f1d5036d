import type { Node } from "../api/core.ts"
import type { PlacementKey } from "../api/nodenetwork.ts"
import { nodes } from "../api/resources.ts"
import { type ServableInput, servablePods } from "../ipam/servable.ts"
import type { Kube } from "../kube/kube.ts"
import { placementKey } from "../placement/placement.ts"
import { isPodResource, podResource } from "../placement/pod-resource.ts"
import type { Resolution } from "../placement/resolve.ts"
import type { PlacementInformers } from "./resolve-placements.ts"

/** Kinds of pods told apart on one node: a Node object has to stay readable, and below etcd's limit. */
const resourcesMax = 200

/** The placements that pods can choose in this cluster, apart from pods that both a pool and a policy select. */
export function podPlacementKeys({ pools, policies }: PlacementInformers): Set<PlacementKey> {
  const ofPools = pools
    .list()
    .filter(({ spec }) => spec.nodeSelector === undefined)
    .map(({ metadata }) => placementKey({ pool: metadata.name }))
  const ofPolicies = policies
    .list()
    .map(({ spec }) => placementKey({ groups: spec?.securityGroups?.groupIds ?? [] }))
  return new Set([...ofPools, ...ofPolicies].sort().slice(0, resourcesMax))
}

/**
 * The change of Node.status.capacity, by resource; null takes one away. A placement that is refused on the node, such
 * as a pool without a subnet in its zone, has room for no pod; where that could not be read the last word stands.
 */
export function capacityChange(
  node: Node,
  resolutions: ReadonlyMap<PlacementKey, Resolution>,
  input: ServableInput,
): Record<string, string | null> {
  const known = node.status?.capacity ?? {}
  const wanted = new Map<string, string>()
  for (const [key, resolution] of resolutions) {
    const resource = podResource(key)
    if (resource === undefined) continue
    const unread = !resolution.ok && resolution.unreadable
    const pods = resolution.ok ? servablePods(key, input) : 0
    wanted.set(resource, unread ? (known[resource] ?? "0") : `${pods}`)
  }
  const gone = Object.keys(known).filter((name) => isPodResource(name) && !wanted.has(name))
  return {
    ...Object.fromEntries(gone.map((name) => [name, null])),
    ...Object.fromEntries([...wanted].filter(([name, pods]) => known[name] !== pods)),
  }
}

/** Tells the scheduler; the kubelet makes capacity allocatable. Costs one call when something has changed. */
export async function advertisePods(
  kube: Kube,
  node: Node,
  change: Record<string, string | null>,
): Promise<void> {
  if (Object.keys(change).length === 0) return
  const target = { name: node.metadata.name }
  const body = { status: { capacity: change } }
  await kube.patch(nodes, target, { type: "merge", body, subresource: "status" })
}
