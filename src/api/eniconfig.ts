import type { Condition, KubeObject } from "./meta.ts"

/** crd.k8s.amazonaws.com/v1alpha1 ENIConfig: the original's spec; the status is Berth's. */
export interface ENIConfig extends KubeObject {
  spec?: {
    /** Subnet id; required by the schema. */
    subnet?: string
    /** Security group ids; when empty, those of the node's primary ENI apply (as in the original). */
    securityGroups?: string[]
  }
  status?: ENIConfigStatus
}

export interface ENIConfigStatus {
  observedGeneration?: number
  /** Nodes bound to this object. */
  nodes: number
  /** ENIs that carry this placement. */
  interfaces: number
  /** Pod addresses that those ENIs hold. */
  addresses: number
  zone?: string
  cidr?: string
  /** Free addresses of the subnet, as EC2 last said. */
  freeAddresses?: number
  /** Ready, SubnetExhausted, ZoneMismatch, SecurityGroupInvalid. */
  conditions: Condition[]
}
