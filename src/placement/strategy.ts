/** What is left of a subnet for one more call, all nodes considered. */
export interface SubnetSupply {
  /** EC2's available count less what calls in flight were promised. */
  readonly free: number
  /** Whole free /28 blocks less those promised; absent when not known. */
  readonly freePrefixes?: number
  /** Addresses that Berth holds in the subnet, promises included; for strategy Weighted. */
  readonly held?: number
  /** Set after EC2 refused: not tried again for this kind until then. */
  readonly backoffs?: readonly Backoff[]
}

export interface Backoff {
  readonly kind: "address" | "prefix"
  /** Milliseconds since the epoch. */
  readonly until: number
  /** Catalogue code of what EC2 refused, such as `ec2/subnet-full`. */
  readonly code: string
}

/** One call's need of a subnet. `addresses` includes the primary address of a new interface. */
export interface SubnetNeed {
  readonly addresses: number
  readonly prefixes: number
}
