import type { KubeObject } from "./meta.ts"

/** elbv2.k8s.aws/v1beta1 TargetGroupBinding of the AWS Load Balancer Controller. */
export interface TargetGroupBinding extends KubeObject {
  spec?: {
    targetType?: string
    /** Of the target group; the cluster's own when absent. */
    vpcID?: string
    serviceRef?: { name?: string }
  }
}
