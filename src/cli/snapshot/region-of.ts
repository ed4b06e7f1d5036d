import type { ClusterFacts } from "../../fleet/snapshot.ts"

/** The region of the first node's zone: us-west-2a -> us-west-2. Local zones (us-west-2-lax-1a) keep their parent. */
export function regionOf(cluster: Pick<ClusterFacts, "nodes">): string | undefined {
  for (const node of cluster.nodes) {
    const named = node.labels["topology.kubernetes.io/region"]
    if (named) return named
    const zone = node.labels["topology.kubernetes.io/zone"]
    const match = zone === undefined ? null : /^([a-z]+(?:-[a-z]+)+-\d+)/.exec(zone)
    if (match?.[1]) return match[1]
  }
  return undefined
}
