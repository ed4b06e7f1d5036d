import type {
  Attachment,
  Instance,
  NetworkInterface,
  SecurityGroup,
  Subnet,
  Tags,
  Vpc,
} from "../../vpc/model.ts"

/** What the twin remembers of each resource: the port's model plus what only the API, the fabric or IMDS show. */

export interface CloudVpc extends Vpc {
  readonly state: "available"
}

export interface CloudSubnet extends Subnet {
  readonly zoneId: string
  readonly mapPublicIp: boolean
}

/** One permission of a security group. Exactly one of `cidr` and `groupId` is set. */
export interface GroupRule {
  readonly id: string
  readonly egress: boolean
  /** `tcp`, `udp`, `icmp`, `-1` (all) or a protocol number. */
  readonly protocol: string
  /** Absent for all ports; for icmp the type and code, -1 = all. */
  readonly fromPort?: number
  readonly toPort?: number
  readonly cidr?: string
  readonly groupId?: string
  readonly description?: string
}

export interface CloudSecurityGroup extends SecurityGroup {
  readonly description: string
  readonly rules: readonly GroupRule[]
}

export interface CloudAttachment extends Attachment {
  readonly attachedAt: number
}

export interface CloudInterface extends NetworkInterface {
  readonly createdAt: number
  /** Set on an interface that a service made for itself, such as `natGateway`: users can not change it. */
  readonly serviceType?: string
  /** Elastic addresses by private address. */
  readonly publicAddresses: Readonly<Record<string, string>>
  readonly attachment?: CloudAttachment
}

export interface CloudInstance extends Omit<Instance, "interfaces"> {
  readonly reservationId: string
  readonly imageId: string
  readonly keyName?: string
  /** As sent: base64. */
  readonly userData?: string
  readonly iamInstanceProfile?: string
  readonly launchedAt: number
  readonly stateReason?: string
  readonly hopLimit: number
}

/** Exactly one target; `local` is the VPC itself. */
export interface Route {
  readonly destination: string
  readonly target: "local" | { readonly kind: RouteTargetKind; readonly id: string }
}

export type RouteTargetKind = "internet-gateway" | "nat-gateway" | "network-interface"

export interface RouteTable {
  readonly id: string
  readonly vpcId: string
  readonly routes: readonly Route[]
  /** An association without a subnet is the one that makes the table the VPC's main table. */
  readonly associations: readonly { readonly id: string; readonly subnetId?: string }[]
  readonly tags: Tags
}

export interface InternetGateway {
  readonly id: string
  readonly vpcId?: string
  readonly tags: Tags
}

export interface NatGateway {
  readonly id: string
  readonly vpcId: string
  readonly subnetId: string
  readonly state: "pending" | "available" | "deleting" | "deleted"
  readonly interfaceId: string
  readonly privateAddress: string
  /** Absent for a private NAT gateway. */
  readonly publicAddress?: string
  readonly allocationId?: string
  readonly createdAt: number
  readonly tags: Tags
}

export interface ElasticAddress {
  readonly id: string
  readonly publicAddress: string
  readonly association?: {
    readonly id: string
    readonly interfaceId: string
    readonly privateAddress: string
  }
  readonly tags: Tags
}

export interface SubnetReservation {
  readonly id: string
  readonly subnetId: string
  readonly cidr: string
  /** `prefix`: only whole prefixes are taken from it; `explicit`: only addresses asked for by name. */
  readonly type: "prefix" | "explicit"
  readonly description: string
  readonly tags: Tags
}

/** What an instance is started with, apart from where. */
export interface LaunchData {
  readonly type?: string
  readonly imageId?: string
  readonly securityGroups?: readonly string[]
  /** base64. */
  readonly userData?: string
  readonly iamInstanceProfile?: string
  readonly keyName?: string
  readonly hopLimit?: number
  readonly tags?: Tags
  readonly interfaceTags?: Tags
}

export interface LaunchTemplateVersion {
  readonly number: number
  readonly description: string
  readonly createdAt: number
  readonly data: LaunchData
}

export interface LaunchTemplate {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly defaultVersion: number
  readonly versions: readonly LaunchTemplateVersion[]
  readonly tags: Tags
}

/** Every kind of resource, and so every kind of change a listener can see. */
export interface Resources {
  readonly vpc: CloudVpc
  readonly subnet: CloudSubnet
  readonly securityGroup: CloudSecurityGroup
  readonly networkInterface: CloudInterface
  readonly instance: CloudInstance
  readonly routeTable: RouteTable
  readonly internetGateway: InternetGateway
  readonly natGateway: NatGateway
  readonly elasticAddress: ElasticAddress
  readonly subnetReservation: SubnetReservation
  readonly launchTemplate: LaunchTemplate
}
export type ResourceKind = keyof Resources

export const resourceKinds = [
  "vpc",
  "subnet",
  "securityGroup",
  "networkInterface",
  "instance",
  "routeTable",
  "internetGateway",
  "natGateway",
  "elasticAddress",
  "subnetReservation",
  "launchTemplate",
] as const satisfies readonly ResourceKind[]

/** `before` is absent for a new resource, `after` for a removed one. */
export type CloudChange = {
  [K in ResourceKind]: {
    readonly kind: K
    readonly before?: Resources[K]
    readonly after?: Resources[K]
  }
}[ResourceKind]
