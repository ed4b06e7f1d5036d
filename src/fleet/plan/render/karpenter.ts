import { stringify } from "yaml"
import type { PlanDocument } from "../plan-document.ts"

/** With custom networking the primary ENI gives no pod address, which Karpenter has to be told. */
export function karpenterValues({ mode, maxPods }: PlanDocument): string | undefined {
  if (maxPods.length === 0) return undefined
  const reservedENIs = mode.customNetworking ? "1" : "0"
  return `# helm upgrade karpenter ... --reuse-values -f karpenter-values.yaml\n# Use one ENI more with security groups for pods. Nodes that run do not drift by it.\n${stringify({ settings: { reservedENIs } }, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" })}`
}

/** maxPods is one number for all types of a node class, so mixed classes get the smallest. */
export function karpenterClass({ maxPods }: PlanDocument): string | undefined {
  if (maxPods.length === 0) return undefined
  const smallest = Math.min(...maxPods.map((change) => change.after))
  const types = maxPods.map((c) => `${c.type} ${c.after}`).join(", ")
  const nodeClass = {
    apiVersion: "karpenter.k8s.aws/v1",
    kind: "EC2NodeClass",
    metadata: { name: "NODE_CLASS" },
    spec: { kubelet: { maxPods: smallest } },
  }
  return `# kubectl patch ec2nodeclass NODE_CLASS --type merge --patch-file karpenter.yaml\n# ${types}; one number serves every type of the class. Nodes of the class drift by it and are replaced.\n${stringify(nodeClass)}`
}
