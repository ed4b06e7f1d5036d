import { nodePlacement, type PlacementKey } from "../api/nodenetwork.ts"
import type { SubnetStrategy } from "../api/subnetpool.ts"
import type { Subnet } from "../vpc/model.ts"

/** What stands for an object while custom networking is off: the primary ENI says where pods live. */
export const primaryObject = "primary"

/** Where addresses come from: subnets of one zone in order, and the security groups of the ENIs. */
export interface Placement {
  readonly key: PlacementKey
  /** The object that says so, such as `ENIConfig/us-west-2a`; "primary" without custom networking. */
  readonly object: string
  /** All in the node's zone and VPC, at least one. */
  readonly subnets: readonly SubnetOption[]
  /** One to five ids, sorted. */
  readonly securityGroups: readonly string[]
  readonly strategy: SubnetStrategy
}

export interface SubnetOption {
  readonly subnet: Subnet
  /** For strategy Weighted. */
  readonly weight: number
  /** Addresses of the subnet that are left to others. */
  readonly reserve: number
}

/** What a placement key says: the node placement or a pool gives the subnets, and groups may replace its own. */
export interface PlacementSelector {
  /** Name of the SubnetPool; absent for the node placement. */
  readonly pool?: string
  /** Security groups of the pod's SecurityGroupPolicies; absent when none applies. */
  readonly groups?: readonly string[]
}

/** Writes a key: `node`, `pool:NAME`, `sg:ID,ID`, or `pool:NAME/sg:ID,ID` for a pod that both select. */
export function placementKey(selector: PlacementSelector): PlacementKey {
  const groups = selector.groups?.length
    ? [`sg:${[...new Set(selector.groups)].sort().join(",")}`]
    : []
  const pool = selector.pool === undefined ? [] : [`pool:${selector.pool}`]
  return [...pool, ...groups].join("/") || nodePlacement
}

/** Reads a key; undefined when it has none of the four forms. */
export function parsePlacementKey(key: PlacementKey): PlacementSelector | undefined {
  if (key === nodePlacement) return {}
  const match = /^(?:pool:([^/]+)|(?=sg:))(?:(?:^|\/)sg:([^/]+))?$/.exec(key)
  if (match === null) return undefined
  const [, pool, groups] = match
  return { ...(pool !== undefined && { pool }), ...(groups && { groups: groups.split(",") }) }
}
