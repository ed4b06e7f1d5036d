/** Facts about a VPC as plain data: what the EC2 port reports and the pure code decides on. */

export type Tags = Readonly<Record<string, string>>

export interface Vpc {
  readonly id: string
  /** Every associated IPv4 block, the primary first; only `associated` ones are usable. */
  readonly cidrs: readonly {
    readonly cidr: string
    readonly associationId: string
    readonly state: string
  }[]
  readonly tags: Tags
}

export interface Subnet {
  readonly id: string
  readonly vpcId: string
  /** Availability zone name, such as us-west-2a. */
  readonly zone: string
  readonly cidr: string
  /** EC2's AvailableIpAddressCount: reserved, promised and used addresses already subtracted. */
  readonly availableAddresses: number
  readonly tags: Tags
}

export interface SecurityGroup {
  readonly id: string
  readonly name: string
  readonly vpcId: string
  readonly tags: Tags
}

/** `other`: made by an AWS service for itself, such as a NAT gateway or a load balancer. */
export type InterfaceType = "interface" | "trunk" | "branch" | "efa" | "efa-only" | "other"

export interface Attachment {
  readonly id: string
  readonly instanceId: string
  readonly deviceIndex: number
  readonly networkCard: number
  readonly deleteOnTermination: boolean
  readonly state: "attaching" | "attached" | "detaching" | "detached"
}

export interface NetworkInterface {
  readonly id: string
  readonly vpcId: string
  readonly subnetId: string
  readonly zone: string
  readonly mac: string
  readonly description: string
  readonly type: InterfaceType
  readonly status: "available" | "associated" | "attaching" | "in-use" | "detaching"
  readonly primaryAddress: string
  /** Secondary private IPv4 addresses, the primary one not among them. */
  readonly addresses: readonly string[]
  /** Delegated /28 prefixes in CIDR form. */
  readonly prefixes: readonly string[]
  readonly securityGroups: readonly string[]
  readonly sourceDestCheck: boolean
  readonly tags: Tags
  readonly attachment?: Attachment
}

export interface Instance {
  readonly id: string
  readonly type: string
  readonly zone: string
  readonly vpcId: string
  readonly subnetId: string
  readonly privateAddress: string
  readonly state: "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped"
  readonly tags: Tags
  /**
   * Attached interfaces, the primary (device 0, card 0) first. Their tags are empty: DescribeInstances does not tell
   * them, DescribeNetworkInterfaces does.
   */
  readonly interfaces: readonly NetworkInterface[]
}
