import type { KubeObject, LabelSelector } from "./meta.ts"

/** vpcresources.k8s.aws/v1beta1 SecurityGroupPolicy, as the original defines it. */
export interface SecurityGroupPolicy extends KubeObject {
  spec?: {
    podSelector?: LabelSelector
    serviceAccountSelector?: LabelSelector
    securityGroups?: { groupIds?: string[] }
  }
}
