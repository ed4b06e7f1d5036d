/** The state a lab starts in, as plain data: the cloud, the first nodes, the first objects. */
export interface Scenario {
  readonly name: string
  readonly region: string
  readonly clusterName: string
  readonly vpc: { readonly id: string; readonly cidrs: readonly string[] }
  readonly subnets: readonly ScenarioSubnet[]
  readonly securityGroups: readonly ScenarioGroup[]
  readonly instances: readonly ScenarioInstance[]
  /** Kubernetes objects as YAML documents, applied after the CRDs and Berth's own manifests. */
  readonly manifests: readonly string[]
  readonly latency: CloudLatency
  /** The original in Berth's place, which decides addresses and wires nothing: the lab is hollow then. */
  readonly plugin?: "vpc-cni"
  /** Version of the vpc-cni add-on, through which EKS manages DaemonSet aws-node. */
  readonly addon?: string
  /** Variables of DaemonSet aws-node besides those of deploy/. */
  readonly agentEnvironment?: Readonly<Record<string, string>>
  /** EC2's request limits, with its buckets full at first. Default off. */
  readonly requestLimits?: true
  /** Until kubelets try a failed pod again, and up to half as much more. Default 10 s, as theirs. */
  readonly kubeletRetryMs?: number
}

export interface ScenarioSubnet {
  readonly id: string
  readonly zone: string
  readonly cidr: string
  readonly tags: Readonly<Record<string, string>>
  /** How traffic leaves the VPC: a NAT gateway with this public address, or not at all. */
  readonly natAddress?: string
  /** Addresses that somebody else in the VPC already holds. */
  readonly occupied?: number
}

export interface ScenarioGroup {
  readonly id: string
  readonly name: string
  /** Ingress; egress is open, as EC2 makes new groups. */
  readonly ingress: readonly {
    readonly protocol: "tcp" | "udp" | "icmp" | "-1"
    readonly from?: number
    readonly to?: number
    /** CIDR or security group id. */
    readonly source: string
  }[]
}

export interface ScenarioInstance {
  readonly type: string
  readonly subnetId: string
  readonly securityGroups: readonly string[]
  readonly userData: string
  readonly nodeGroup: string
}

/** Milliseconds. */
export interface CloudLatency {
  readonly create: number
  readonly attach: number
  readonly assign: number
  readonly other: number
  /** From the attach call's answer until the link shows up in the instance. */
  readonly linkVisible: number
}

/** As measured of EC2: what the lab uses unless a test wants to be quick. */
export const ec2Latency: CloudLatency = {
  create: 300,
  attach: 1500,
  assign: 200,
  other: 50,
  linkVisible: 500,
}
export const noLatency: CloudLatency = { create: 0, attach: 0, assign: 0, other: 0, linkVisible: 0 }
