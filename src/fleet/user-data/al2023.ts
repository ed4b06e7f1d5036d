import { mime } from "./mime.ts"
import { kubeletFlags, type NodeGroupKind, type UserData, type UserDataRequest } from "./request.ts"

/** Amazon Linux 2023: nodeadm's NodeConfig (node.eks.aws/v1alpha1). */
export function al2023(request: UserDataRequest, kind: NodeGroupKind): UserData {
  const config = nodeConfig(request, kind)
  if (kind === "managed") {
    return {
      text: mime("application/node.eks.aws", `---\n${config}`),
      notes: [
        "EKS appends its own NodeConfig, and without a custom AMI its max-pods overrides this one: it is computed when the group is created or updated, so turn custom networking on first.",
      ],
    }
  }
  return { text: config, notes: missing(request) }
}

function nodeConfig(request: UserDataRequest, kind: NodeGroupKind): string {
  const lines = ["apiVersion: node.eks.aws/v1alpha1", "kind: NodeConfig", "spec:"]
  if (kind !== "managed") {
    lines.push(
      "  cluster:",
      `    name: ${request.cluster}`,
      `    apiServerEndpoint: ${request.endpoint ?? "https://ENDPOINT"}`,
      `    certificateAuthority: ${request.certificateAuthority ?? "BASE64_CA"}`,
      `    cidr: ${request.serviceCidr ?? "SERVICE_CIDR"}`,
    )
  }
  lines.push("  kubelet:", "    config:", `      maxPods: ${request.maxPods}`)
  // --max-pods is in `config`, where nodeadm also shows it; the rest exists as flags only.
  const flags = kubeletFlags(request).slice(1)
  if (flags.length > 0)
    lines.push("    flags:", ...flags.map((f) => `      - ${JSON.stringify(f)}`))
  return `${lines.join("\n")}\n`
}

function missing(request: UserDataRequest): string[] {
  const absent = [
    request.endpoint ? "" : "ENDPOINT (aws eks describe-cluster --query cluster.endpoint)",
    request.certificateAuthority ? "" : "BASE64_CA (cluster.certificateAuthority.data)",
    request.serviceCidr ? "" : "SERVICE_CIDR (cluster.kubernetesNetworkConfig.serviceIpv4Cidr)",
  ].filter((a) => a !== "")
  return absent.length === 0 ? [] : [`Fill in: ${absent.join(", ")}.`]
}
