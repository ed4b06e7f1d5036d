import type { ENIConfig } from "../api/eniconfig.ts"
import type { NodeNetwork } from "../api/nodenetwork.ts"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import type { Instance, NetworkInterface, SecurityGroup, Subnet, Tags, Vpc } from "../vpc/model.ts"

export const snapshotFormat = "berth-snapshot/1"

/**
 * Everything the reading commands decide on, read once: from a live cluster and its AWS account, or from a file.
 * Secrets never get in: no Secret, ConfigMap, token, environment of foreign pods, or user data is read.
 */
export interface Snapshot {
  readonly format: typeof snapshotFormat
  /** ISO 8601; "now" of every decision made on it. */
  readonly takenAt: string
  /** Name of the kubeconfig context, or of the file. */
  readonly source: string
  readonly cluster: ClusterFacts
  /** Absent when no AWS API could be read at all. */
  readonly aws?: AwsFacts
  /** What could not be read: each degrades the checks that need it, by name. */
  readonly unread: readonly Unread[]
  /** Lines of aws-node logs or a support bundle, when given. */
  readonly logs?: readonly LogSource[]
}

export interface Unread {
  /** Such as "ec2:DescribeSubnets" or "nodenetworks.berth.dev". */
  readonly what: string
  readonly why: string
}

export interface LogSource {
  readonly name: string
  readonly node?: string
  readonly lines: readonly string[]
}

export interface ClusterFacts {
  readonly name?: string
  readonly version?: string
  readonly nodes: readonly NodeFacts[]
  readonly pods: readonly PodFacts[]
  readonly eniConfigs: readonly ENIConfig[]
  readonly subnetPools: readonly SubnetPool[]
  readonly securityGroupPolicies: readonly SecurityGroupPolicy[]
  readonly nodeNetworks: readonly NodeNetwork[]
  readonly daemonSet?: DaemonSetFacts
  readonly disruptionBudgets: readonly DisruptionBudgetFacts[]
  /** Warning events of the last hour at most, newest first, at most 2,000. */
  readonly warnings: readonly WarningFacts[]
  /** Those that name blocks of addresses. Absent in snapshots that did not ask for them. */
  readonly networkPolicies?: readonly NetworkPolicyFacts[]
  /** Absent in snapshots that did not ask for them. */
  readonly targetGroupBindings?: readonly TargetGroupBindingFacts[]
  readonly namespaces: readonly { readonly name: string; readonly labels: Tags }[]
  readonly serviceAccounts: readonly {
    readonly namespace: string
    readonly name: string
    readonly labels: Tags
  }[]
}

export interface NodeFacts {
  readonly name: string
  readonly labels: Tags
  readonly annotations: Tags
  readonly providerID?: string
  readonly createdAt: string
  readonly unschedulable: boolean
  readonly taints: readonly {
    readonly key: string
    readonly value?: string
    readonly effect: string
  }[]
  readonly ready: boolean
  readonly readyMessage?: string
  readonly internalIP?: string
  /** status.capacity.pods and status.allocatable.pods. */
  readonly capacityPods?: number
  readonly allocatablePods?: number
  readonly kubeletVersion?: string
}

/** Kept small: a large cluster has 150,000 of them. */
export interface PodFacts {
  readonly namespace: string
  readonly name: string
  readonly node?: string
  readonly ip?: string
  readonly phase: string
  readonly hostNetwork?: true
  /** Kind/name of the controlling owner. */
  readonly owner?: string
  readonly labels?: Tags
  readonly serviceAccount?: string
  /** Present on aws-node pods and pods that are not well. */
  readonly restarts?: number
  readonly waiting?: string
  readonly terminating?: true
}

export interface DaemonSetFacts {
  readonly image: string
  readonly env: Tags
  /** True when the containers are Berth's agent, false for the stock plugin. */
  readonly berth: boolean
  readonly desired: number
  readonly ready: number
  readonly updated: number
  /** Rises with every change of the spec: 1 as it was made. */
  readonly generation?: number
  /** Managers in metadata.managedFields that own env variables, by variable. */
  readonly envOwners?: Tags
}

export interface DisruptionBudgetFacts {
  readonly namespace: string
  readonly name: string
  readonly disruptionsAllowed: number
  readonly expectedPods: number
  readonly matchLabels: Tags
}

export interface NetworkPolicyFacts {
  readonly namespace: string
  readonly name: string
  /** CIDRs of its ipBlocks by direction. */
  readonly ingress: readonly string[]
  readonly egress: readonly string[]
}

/** elbv2.k8s.aws TargetGroupBinding: which load balancer sends to which Service. */
export interface TargetGroupBindingFacts {
  readonly namespace: string
  readonly name: string
  /** `ip`: the load balancer sends to pods' own addresses. */
  readonly targetType: string
  /** Of the target group; the cluster's own when absent. */
  readonly vpcId?: string
  readonly service: string
}

export interface WarningFacts {
  readonly at: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly reason: string
  readonly message: string
  readonly count: number
}

export interface AwsFacts {
  readonly region: string
  readonly vpc?: Vpc
  readonly subnets: readonly Subnet[]
  readonly securityGroups: readonly (SecurityGroup & { readonly rules?: readonly GroupRule[] })[]
  readonly interfaces: readonly NetworkInterface[]
  readonly instances: readonly Instance[]
  readonly routeTables: readonly RouteTableFacts[]
  readonly reservations: readonly {
    readonly subnetId: string
    readonly cidr: string
    readonly type: "prefix" | "explicit"
  }[]
  readonly autoScalingGroups: readonly AutoScalingGroupFacts[]
  readonly nodeGroups: readonly NodeGroupFacts[]
  readonly eks?: EksFacts
  /** Absent in snapshots that did not ask for them. */
  readonly peerings?: readonly PeeringFacts[]
  readonly networkAcls?: readonly NetworkAclFacts[]
  readonly natGateways?: readonly NatGatewayFacts[]
  readonly quotas?: QuotaFacts
}

export interface NatGatewayFacts {
  readonly id: string
  /** What hosts on the internet see; a private NAT gateway has none. */
  readonly publicAddress?: string
  readonly privateAddress: string
}

export interface PeeringFacts {
  readonly id: string
  /** EC2's status code, such as active or pending-acceptance. */
  readonly status: string
  /** The other side. */
  readonly peerVpcId?: string
  /** The other side's blocks. */
  readonly peerCidrs: readonly string[]
}

export interface NetworkAclFacts {
  readonly id: string
  readonly subnetIds: readonly string[]
  /** In rising order of rule numbers; the final deny-all is implied. */
  readonly entries: readonly {
    readonly direction: "ingress" | "egress"
    readonly allow: boolean
    /** "-1" is every protocol, "6" TCP, "17" UDP. */
    readonly protocol: string
    readonly cidr: string
    readonly fromPort?: number
    readonly toPort?: number
  }[]
}

/** Service quotas; absent ones have AWS's default. */
export interface QuotaFacts {
  /** L-83CA0A9D. */
  readonly blocksPerVpc?: number
  /** L-407747CB. */
  readonly subnetsPerVpc?: number
  /** L-2AFB9258. */
  readonly groupsPerInterface?: number
  /** L-DF5E4CA3. */
  readonly interfacesPerRegion?: number
}

export interface GroupRule {
  readonly direction: "ingress" | "egress"
  /** "-1" is every protocol. */
  readonly protocol: string
  readonly fromPort?: number
  readonly toPort?: number
  /** A CIDR block or a security group id. */
  readonly peer: string
}

export interface RouteTableFacts {
  readonly id: string
  /** The main table serves every subnet that no other table names. */
  readonly main: boolean
  readonly subnetIds: readonly string[]
  readonly routes: readonly {
    readonly destination: string
    readonly target: string
    readonly blackhole?: boolean
  }[]
}

export interface AutoScalingGroupFacts {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly desired: number
  readonly instanceIds: readonly string[]
  readonly subnetIds: readonly string[]
  readonly launchTemplate?: { readonly id: string; readonly version: string }
  readonly tags: Tags
}

export interface NodeGroupFacts {
  readonly name: string
  readonly status: string
  readonly instanceTypes: readonly string[]
  readonly autoScalingGroups: readonly string[]
  readonly amiType?: string
  readonly launchTemplate?: { readonly id: string; readonly version: string }
  readonly customAmi: boolean
  readonly labels: Tags
  readonly scaling: { readonly min: number; readonly max: number; readonly desired: number }
}

export interface EksFacts {
  readonly version: string
  readonly ipFamily: "ipv4" | "ipv6"
  readonly serviceCidr?: string
  readonly clusterSecurityGroup?: string
  readonly subnetIds: readonly string[]
  /** The vpc-cni add-on, when EKS manages the plugin. */
  readonly addon?: { readonly version: string; readonly configuration?: string }
}
