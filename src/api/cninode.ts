import type { KubeObject } from "./meta.ts"

/**
 * vpcresources.k8s.aws/v1alpha1 CNINode, one per node and named as it: how a node asks the VPC resource controller of
 * the managed control plane for features. That controller makes it.
 */
export interface CNINode extends KubeObject {
  spec?: { features?: CNINodeFeature[]; tags?: Record<string, string> }
}

export interface CNINodeFeature {
  /** SecurityGroupsForPods, or CustomNetworking with an ENIConfig's name as value. */
  name: string
  value?: string
}
