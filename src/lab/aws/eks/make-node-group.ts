import type { Tags } from "../../../vpc/model.ts"
import type { Eks } from "./eks.ts"
import type { NodeGroup, NodeGroupTaint } from "./node-group.ts"

/** Tags that EKS puts on the instances of a managed node group. */
export const nodeGroupTag = "eks:nodegroup-name"
const clusterTag = "eks:cluster-name"

export interface NewNodeGroup {
  readonly name: string
  /** What instances are started from. */
  readonly template: { readonly id: string; readonly name: string; readonly version: string }
  /** True when the template is EKS's own, for a group made without one. */
  readonly templateIsHidden?: boolean
  readonly amiType: string
  readonly releaseVersion: string
  readonly size: { readonly min: number; readonly max: number; readonly desired: number }
  readonly subnetIds: readonly string[]
  readonly labels?: Tags
  readonly taints?: readonly NodeGroupTaint[]
  readonly maxUnavailable?: number
}

export const scalingGroupName = (nodeGroup: string, templateId: string): string =>
  `eks-${nodeGroup}-${templateId.slice(-8)}`

/** A managed node group and its Auto Scaling group, which starts the nodes. */
export function makeNodeGroup(eks: Eks, input: NewNodeGroup): NodeGroup {
  const { name, template } = input
  const now = eks.cloud.core.now()
  const scalingGroup = scalingGroupName(name, template.id)
  eks.groups.put({
    name: scalingGroup,
    ...input.size,
    subnetIds: input.subnetIds,
    launchTemplate: { id: template.id, version: template.version },
    protectedIds: [],
    protectNew: false,
    suspended: [],
    tags: [
      { key: nodeGroupTag, value: name, propagate: true },
      { key: clusterTag, value: eks.cluster.name, propagate: true },
      { key: `kubernetes.io/cluster/${eks.cluster.name}`, value: "owned", propagate: true },
    ],
    createdAt: now,
  })
  const group: NodeGroup = {
    name,
    scalingGroup,
    status: "ACTIVE",
    amiType: input.amiType,
    version: eks.cluster.version,
    releaseVersion: input.releaseVersion,
    ...(!input.templateIsHidden && { launchTemplate: template }),
    labels: input.labels ?? {},
    taints: input.taints ?? [],
    maxUnavailable: input.maxUnavailable ?? 1,
    updateStrategy: "DEFAULT",
    createdAt: now,
    modifiedAt: now,
  }
  eks.putNodeGroup(group)
  return group
}
