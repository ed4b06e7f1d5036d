import type { NodeInterface, NodeNetworkSpec, PlacementKey } from "../api/nodenetwork.ts"
import type { Resolution } from "../placement/resolve.ts"
import type { SubnetSupply } from "../placement/strategy.ts"
import type { Trace } from "../placement/trace.ts"
import type { Action, Shortage } from "./actions.ts"

/** What an instance type can carry; the default network card is the only one that pods use. */
export interface InterfaceLimits {
  /** ENIs on the default network card, the primary included. */
  readonly interfaces: number
  /** IPv4 addresses of one ENI, its primary address included. A prefix takes the place of one address. */
  readonly addressesPerInterface: number
  /** Whether /28 prefixes can be assigned (Nitro or bare metal). */
  readonly prefixes: boolean
  readonly defaultNetworkCard: number
}

export interface PlanInput {
  readonly node: string
  readonly spec: Pick<NodeNetworkSpec, "mode" | "targets" | "demand" | "offers">
  readonly limits: InterfaceLimits
  /** Every interface of the instance, those being attached and foreign ones included. */
  readonly interfaces: readonly NodeInterface[]
  /** Actions of earlier plans under way whose effect is not in `interfaces` yet. */
  readonly inFlight: readonly Action[]
  /** A resolution for every placement of `spec.demand` and `interfaces`. */
  readonly resolutions: ReadonlyMap<PlacementKey, Resolution>
  /** By subnet id; a subnet that is not in the map is tried as if it had room. */
  readonly supply: ReadonlyMap<string, SubnetSupply>
  /** The node is cordoned: without AWS_MANAGE_ENIS_NON_SCHEDULABLE only waiting pods are served. */
  readonly unschedulable: boolean
  /** Milliseconds since the epoch; for back-offs. */
  readonly now: number
}

export interface Plan {
  /** In the order to start them; all but those of one interface may run at the same time. */
  readonly actions: readonly Action[]
  readonly shortages: readonly Shortage[]
  readonly trace: Trace
}
