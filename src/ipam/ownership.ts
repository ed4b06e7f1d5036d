import type { NetworkInterface, Tags } from "../vpc/model.ts"

/** Tags of the original, so that mixed fleets and existing tools keep working. */
export const instanceTag = "node.k8s.amazonaws.com/instance_id"
export const clusterTag = "cluster.k8s.amazonaws.com/name"
export const createdAtTag = "node.k8s.amazonaws.com/createdAt"
const noManageTag = "node.k8s.amazonaws.com/no_manage"

export interface OwnershipContext {
  readonly instanceID: string
  /** CLUSTER_NAME; absent when not set. */
  readonly clusterName?: string
  /** MANAGE_UNTAGGED_ENI. */
  readonly manageUntagged: boolean
  readonly defaultNetworkCard: number
}

export interface Ownership {
  /** Pods may get its addresses, and addresses may be assigned to it. */
  readonly managed: boolean
  /** Tags prove that it was made for this node: it may be detached and deleted. */
  readonly releasable: boolean
  readonly why: string
}

/**
 * Whether an attached ENI is Berth's to use, and to free. It takes a slot either way. An untagged ENI may be used when
 * MANAGE_UNTAGGED_ENI says so, as in the original, but is never deleted: nothing proves whose it is.
 */
export function ownershipOf(iface: NetworkInterface, context: OwnershipContext): Ownership {
  const foreign = (why: string): Ownership => ({ managed: false, releasable: false, why })
  const { attachment, tags } = iface
  const card = attachment?.networkCard ?? context.defaultNetworkCard
  if (attachment?.deviceIndex === 0 && card === context.defaultNetworkCard) {
    return { managed: true, releasable: false, why: "the node's primary ENI" }
  }
  if (iface.type !== "interface") return foreign(`it is of type ${iface.type}`)
  if (card !== context.defaultNetworkCard) return foreign(`it is on network card ${card}`)
  if (tags[noManageTag] === "true") return foreign(`it is tagged ${noManageTag}`)
  const instance = tags[instanceTag]
  if (instance === undefined) {
    return context.manageUntagged
      ? { managed: true, releasable: false, why: "untagged, and MANAGE_UNTAGGED_ENI is on" }
      : foreign("it is untagged, and MANAGE_UNTAGGED_ENI is off")
  }
  if (instance !== context.instanceID) return foreign(`it is tagged for instance ${instance}`)
  if (isOfOtherCluster(tags, context.clusterName)) {
    return foreign(`it is tagged for cluster ${tags[clusterTag]}`)
  }
  return { managed: true, releasable: true, why: "its tags name this node" }
}

const isOfOtherCluster = (tags: Tags, clusterName: string | undefined) =>
  clusterName !== undefined && tags[clusterTag] !== undefined && tags[clusterTag] !== clusterName
