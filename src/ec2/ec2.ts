import type { Instance, NetworkInterface, SecurityGroup, Subnet, Tags, Vpc } from "../vpc/model.ts"

/**
 * The EC2 calls Berth makes: adding one is a visible line here. Implementations: `sdk/` (production) and `memory/`
 * (the twin, which the lab serves over the wire); one case table runs over both. Every method rejects with a
 * catalogue error `ec2/...` (see errors.ts); describe calls return every page. An id EC2 does not know rejects the whole
 * describe call with `ec2/not-found`; an empty list of ids finds nothing, without a call.
 */
export interface Ec2 {
  describeVpcs(query: { ids: readonly string[] }, options?: CallOptions): Promise<Vpc[]>
  describeSubnets(query: SubnetQuery, options?: CallOptions): Promise<Subnet[]>
  describeSecurityGroups(query: GroupQuery, options?: CallOptions): Promise<SecurityGroup[]>
  describeInstances(query: { ids: readonly string[] }, options?: CallOptions): Promise<Instance[]>
  describeNetworkInterfaces(
    query: InterfaceQuery,
    options?: CallOptions,
  ): Promise<NetworkInterface[]>
  createNetworkInterface(request: CreateInterface, options?: CallOptions): Promise<NetworkInterface>
  /** Returns the attachment's id. DeleteOnTermination is a second call, as in EC2. */
  attachNetworkInterface(request: AttachInterface, options?: CallOptions): Promise<string>
  detachNetworkInterface(
    request: { attachmentId: string; force?: boolean },
    options?: CallOptions,
  ): Promise<void>
  /** A missing interface is success. */
  deleteNetworkInterface(request: { id: string }, options?: CallOptions): Promise<void>
  modifyNetworkInterface(request: ModifyInterface, options?: CallOptions): Promise<void>
  assignAddresses(
    request: AssignAddresses,
    options?: CallOptions,
  ): Promise<{ addresses: string[]; prefixes: string[] }>
  unassignAddresses(
    request: { id: string; addresses?: readonly string[]; prefixes?: readonly string[] },
    options?: CallOptions,
  ): Promise<void>
}

export type Ec2Method = keyof Ec2

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Order in the call budget; default "refill". */
  readonly priority?: CallPriority
}

export type CallPriority = "allocate" | "refill" | "release" | "audit"

export interface SubnetQuery {
  readonly ids?: readonly string[]
  readonly vpcId?: string
  readonly zone?: string
  /** All must match; "*" asks only that the tag exists. */
  readonly tags?: Tags
}

export interface GroupQuery {
  readonly ids?: readonly string[]
  readonly vpcId?: string
  readonly names?: readonly string[]
  readonly tags?: Tags
}

export interface InterfaceQuery {
  readonly ids?: readonly string[]
  /** One instance, or up to 200. */
  readonly instanceId?: string | readonly string[]
  readonly subnetId?: string
  readonly vpcId?: string
  readonly status?: string
  readonly tags?: Tags
}

export interface CreateInterface {
  readonly subnetId: string
  readonly securityGroups: readonly string[]
  readonly description: string
  readonly tags: Tags
  /** At most one of the two counts may be above zero (an EC2 rule). */
  readonly addressCount?: number
  readonly prefixCount?: number
  /** Makes a repeated call return the first call's interface. */
  readonly clientToken: string
}

export interface AttachInterface {
  readonly id: string
  readonly instanceId: string
  readonly deviceIndex: number
  readonly networkCard?: number
}

export type ModifyInterface =
  | { readonly id: string; readonly securityGroups: readonly string[] }
  | { readonly id: string; readonly attachmentId: string; readonly deleteOnTermination: boolean }

/** Counts ask EC2 to choose; exactly one member must be set. */
export interface AssignAddresses {
  readonly id: string
  readonly addressCount?: number
  readonly prefixCount?: number
  readonly addresses?: readonly string[]
}
