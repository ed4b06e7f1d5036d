import type { UserData, UserDataRequest } from "./request.ts"

/** Karpenter writes max-pods itself, from the EC2NodeClass; labels and taints belong to the NodePool. */
export function karpenter(request: UserDataRequest): UserData {
  const labels = Object.entries(request.labels)
  const lines = [
    "apiVersion: karpenter.k8s.aws/v1",
    "kind: EC2NodeClass",
    "metadata:",
    "  name: custom-networking",
    "spec:",
    "  kubelet:",
    `    maxPods: ${request.maxPods}`,
    "---",
    "apiVersion: karpenter.sh/v1",
    "kind: NodePool",
    "metadata:",
    "  name: custom-networking",
    "spec:",
    "  template:",
  ]
  if (labels.length > 0) {
    lines.push(
      "    metadata:",
      "      labels:",
      ...labels.map(([k, v]) => `        ${k}: ${JSON.stringify(v)}`),
    )
  }
  lines.push(
    "    spec:",
    "      nodeClassRef:",
    "        group: karpenter.k8s.aws",
    "        kind: EC2NodeClass",
    "        name: custom-networking",
  )
  if (request.taints.length > 0) {
    lines.push("      taints:")
    for (const taint of request.taints) {
      const [pair = "", effect = ""] = taint.split(":")
      const [key = "", value = ""] = pair.split("=")
      lines.push(
        `        - key: ${key}`,
        `          value: ${JSON.stringify(value)}`,
        `          effect: ${effect}`,
      )
    }
  }
  return {
    text: `${lines.join("\n")}\n`,
    notes: [
      "Merge these fields into your own EC2NodeClass and NodePool. maxPods is one number for every instance type of the class; with mixed types set RESERVED_ENIS=1 (settings.reservedENIs) instead, 2 with security groups for pods.",
      "Changing maxPods makes existing nodes drift, so Karpenter replaces them within its budgets; changing ENIConfigs or RESERVED_ENIS does not.",
    ],
  }
}
