import type { Tags } from "../vpc/model.ts"

export type ClusterNameFinding =
  | { readonly kind: "found"; readonly name: string; readonly by: string }
  | { readonly kind: "ambiguous"; readonly names: readonly string[]; readonly by: string }
  | { readonly kind: "unknown"; readonly why: string }

/** Set by EKS, on Auto Mode's instances, by managed node groups, and by Karpenter; in that order of trust. */
const nameTags = ["aws:eks:cluster-name", "eks:cluster-name", "eks:eks-cluster-name"]
/** On every node that registers by itself, with the name in the key. */
const ownerTag = /^kubernetes\.io\/cluster\/(.+)$/

/**
 * The cluster's name: what CLUSTER_NAME of DaemonSet aws-node says, which `stated` has of every node; else the tags of
 * the nodes' instances. Where two of a kind differ nothing is chosen, for ENIs of another cluster would be at stake.
 */
export function decideClusterName(
  stated: readonly (string | undefined)[],
  instances: readonly Tags[],
): ClusterNameFinding {
  const byAgents = finding(stated, "CLUSTER_NAME of DaemonSet aws-node")
  if (byAgents) return byAgents
  for (const key of nameTags) {
    const byTag = finding(
      instances.map((tags) => tags[key]),
      `tag ${key} of the nodes' instances`,
    )
    if (byTag) return byTag
  }
  const owners = instances.flatMap((tags) =>
    Object.entries(tags).map(([key, value]) =>
      value === "owned" ? ownerTag.exec(key)?.[1] : undefined,
    ),
  )
  const byOwner = finding(owners, "tag kubernetes.io/cluster/NAME=owned of the nodes' instances")
  const why = "neither DaemonSet aws-node nor a tag of the nodes' instances says it"
  return byOwner ?? { kind: "unknown", why }
}

function finding(
  told: readonly (string | undefined)[],
  by: string,
): ClusterNameFinding | undefined {
  const names = [...new Set(told.flatMap((name) => name || []))].sort()
  const [name] = names
  if (name === undefined) return undefined
  return names.length === 1 ? { kind: "found", name, by } : { kind: "ambiguous", names, by }
}
