import { type Address, type Cidr, holds, parseAddress, parseCidr } from "../../vpc/cidr.ts"

/**
 * All that decides a packet's way through one VPC, as plain data: what the fabric wires, and what its hollow twin and
 * `traceFlow` reason about.
 */
export interface VpcView {
  /** Associated IPv4 blocks. */
  readonly cidrs: readonly string[]
  readonly subnets: readonly FabricSubnet[]
  /** Attached interfaces only. */
  readonly interfaces: readonly FabricInterface[]
  readonly groups: readonly FabricGroup[]
}

export interface FabricSubnet {
  readonly id: string
  readonly cidr: string
  /** Of its route table, the VPC-local ones not among them. */
  readonly routes: readonly FabricRoute[]
}

/** Where packets to a block outside the VPC go. */
export type FabricRoute = {
  readonly to: string
} & (
  | { readonly target: "internet-gateway" }
  /** A public NAT gateway leads to the internet, a private one to the network on premises. */
  | {
      readonly target: "nat-gateway"
      readonly id: string
      readonly address: string
      readonly public: boolean
    }
  | { readonly target: "on-premises" }
  /** An ENI that forwards; it gets packets only when its source/destination check is off. */
  | { readonly target: "interface"; readonly id: string }
)

export interface FabricInterface {
  readonly id: string
  readonly mac: string
  readonly subnetId: string
  readonly instanceId: string
  /** 0 is the primary ENI; unique per instance (network cards other than 0 count on after 99). */
  readonly deviceIndex: number
  readonly primaryAddress: string
  /** Secondary addresses. */
  readonly addresses: readonly string[]
  /** /28 prefixes in CIDR form. */
  readonly prefixes: readonly string[]
  readonly groups: readonly string[]
  readonly sourceDestCheck: boolean
  /** Elastic addresses by private address. */
  readonly publicAddresses: Readonly<Record<string, string>>
}

export interface FabricGroup {
  readonly id: string
  readonly rules: readonly FabricRule[]
}

/** One permission. Without `cidr` and `groupId` (a prefix list, an IPv6 block) it permits nothing here. */
export interface FabricRule {
  readonly egress: boolean
  /** `tcp`, `udp`, `icmp`, `-1` (all) or a protocol number. */
  readonly protocol: string
  /** Ports; for icmp type and code. Absent or -1: all. */
  readonly fromPort?: number
  readonly toPort?: number
  readonly cidr?: string
  /** Any address of an interface that carries this group. */
  readonly groupId?: string
}

export const emptyView: VpcView = { cidrs: [], subnets: [], interfaces: [], groups: [] }

/** The router's address in a subnet: the second one ("Subnet sizing for IPv4", VPC user guide). */
export const gatewayOf = (subnet: Cidr): Address => subnet.base + 1

/** Reads what EC2 has checked already; throws when it has not. */
export function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text.includes("/") ? text : `${text}/32`)
  if (cidr === undefined) throw new TypeError(`${text} is no IPv4 block`)
  return cidr
}

export const within = (cidr: string, address: string): boolean => {
  const parsed = parseAddress(address)
  return parsed !== undefined && holds(cidrOf(cidr), parsed)
}

/** Everything an interface may use as source: its addresses and prefixes, in CIDR form. */
export const blocksOf = (eni: FabricInterface): string[] => [
  `${eni.primaryAddress}/32`,
  ...eni.addresses.map((address) => `${address}/32`),
  ...eni.prefixes,
]
