/** What a node's launch script must say. All of it is checked before a script is written. */
export interface UserDataRequest {
  readonly cluster: string
  readonly maxPods: number
  /** Node labels set at registration: the only binding that is there before the node's first ENI. */
  readonly labels: Readonly<Record<string, string>>
  /** "key=value:Effect" as kubelet's --register-with-taints takes them. */
  readonly taints: readonly string[]
  /** Needed where nothing merges them in: AL2023 and Bottlerocket with a custom AMI. */
  readonly endpoint?: string
  readonly certificateAuthority?: string
  readonly serviceCidr?: string
}

export type UserDataFamily =
  | "al2"
  | "al2023"
  | "bottlerocket"
  | "windows"
  | "karpenter"
  | "launch-template"

/**
 * How the node group is run decides who writes max-pods:
 * - "self-managed": the whole script is yours.
 * - "managed": EKS appends its own part and computes max-pods itself, from the plugin's settings at the time the group
 *   is created or updated; a number of yours is overridden (Bottlerocket excepted).
 * - "managed-custom-ami": EKS merges nothing; the script must be complete.
 */
export type NodeGroupKind = "self-managed" | "managed" | "managed-custom-ami"

export interface UserData {
  readonly text: string
  /** What the reader must know before using it. */
  readonly notes: readonly string[]
}

/** `--node-labels=...,--register-with-taints=...` in kubelet's form; "" when there is nothing to say. */
export function kubeletFlags(request: UserDataRequest): string[] {
  const labels = Object.entries(request.labels).map(([k, v]) => `${k}=${v}`)
  return [
    `--max-pods=${request.maxPods}`,
    ...(labels.length > 0 ? [`--node-labels=${labels.join(",")}`] : []),
    ...(request.taints.length > 0 ? [`--register-with-taints=${request.taints.join(",")}`] : []),
  ]
}
