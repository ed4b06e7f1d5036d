import { createHash } from "node:crypto"
import type { NodeMode, PlacementKey } from "../api/nodenetwork.ts"
import { nodePlacement } from "../api/nodenetwork.ts"
import { clusterTag, createdAtTag, instanceTag } from "../ipam/ownership.ts"
import type { Tags } from "../vpc/model.ts"

/** With CLUSTER_NAME, as the original: EKS shows whose interface it is. */
const ownerTag = "eks:eni:owner"
/** Berth's own: what the interface was made for, and by which recorded intent. */
export const placementTag = "berth.dev/placement"
export const objectTag = "berth.dev/object"
export const intentTag = "berth.dev/intent"

/** The description Amazon VPC CNI gives its interfaces; both clean-ups ask for it before they delete anything. */
export const descriptionPrefix = "aws-K8S-"
export const descriptionOf = (instanceID: string): string => `${descriptionPrefix}${instanceID}`

/** EC2's limit for tag values. */
const valueLimit = 256

export interface TagInput {
  instanceID: string
  mode: Pick<NodeMode, "additionalTags" | "clusterName">
  /** The controller's own; wins over what the agent says. */
  clusterName: string | undefined
  placement: PlacementKey
  object: string
  token: string
  nowMs: number
}

/** The tags of a new interface. ADDITIONAL_ENI_TAGS win on a clash, as in the original. */
export function interfaceTags(input: TagInput): Tags {
  const cluster = input.clusterName || input.mode.clusterName
  return {
    [instanceTag]: input.instanceID,
    [createdAtTag]: new Date(input.nowMs).toISOString().replace(/\.\d+Z$/, "Z"),
    ...(cluster ? { [clusterTag]: cluster, [ownerTag]: "amazon-vpc-cni" } : {}),
    [placementTag]: placementTagValue(input.placement),
    [objectTag]: input.object.slice(0, valueLimit),
    [intentTag]: input.token,
    ...input.mode.additionalTags,
  }
}

/** A key that is too long for a tag is kept as its digest: still recognised, no longer readable. */
const placementTagValue = (key: PlacementKey): string =>
  key.length <= valueLimit ? key : `sha256:${createHash("sha256").update(key).digest("hex")}`

/** The placement that an interface was made for, among those the node has; the node's own when it does not say. */
export function placementOfTags(tags: Tags, known: Iterable<PlacementKey>): PlacementKey {
  const value = tags[placementTag]
  if (value === undefined) return nodePlacement
  for (const key of known) if (placementTagValue(key) === value) return key
  return value.startsWith("sha256:") ? nodePlacement : value
}
