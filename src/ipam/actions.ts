import type { PlacementKey } from "../api/nodenetwork.ts"
import type { BerthError } from "../errors/berth-error.ts"

/** Order in the controller's call budget: pods wait, warm pool, giving back. */
export type Urgency = "allocate" | "refill" | "release"

/** One EC2 call (create: with its attach), or for `mark` a change of status alone. */
export type Action =
  | CreateAction
  | AssignAction
  | UnassignAction
  | ReleaseAction
  | RegroupAction
  | MarkAction

export interface CreateAction {
  readonly do: "create"
  readonly placement: PlacementKey
  /** The placement's object, kept on the interface: `ENIConfig/us-west-2a`. */
  readonly object: string
  readonly subnetID: string
  readonly securityGroups: readonly string[]
  readonly networkCard: number
  readonly deviceIndex: number
  /** Secondary addresses and /28 prefixes of the create call; at most one of the two is above zero. */
  readonly addresses: number
  readonly prefixes: number
  readonly urgency: Urgency
}

export interface AssignAction {
  readonly do: "assign"
  readonly interfaceID: string
  readonly placement: PlacementKey
  readonly subnetID: string
  /** Exactly one of the two is above zero. */
  readonly addresses: number
  readonly prefixes: number
  readonly urgency: Urgency
}

export interface UnassignAction {
  readonly do: "unassign"
  readonly interfaceID: string
  readonly addresses: readonly string[]
  readonly prefixes: readonly string[]
  readonly urgency: "release"
}

/** Detach and delete the interface. */
export interface ReleaseAction {
  readonly do: "release"
  readonly interfaceID: string
  readonly urgency: "release"
}

/** Put these security groups on the live interface, in place of what it has. */
export interface RegroupAction {
  readonly do: "regroup"
  readonly interfaceID: string
  readonly securityGroups: readonly string[]
  readonly urgency: "allocate"
}

export interface MarkAction {
  readonly do: "mark"
  readonly interfaceID: string
  readonly state: "Ready" | "Draining"
  readonly why: string
}

/** What a placement wants and cannot get, with the reason for the pod, the node and the object. */
export interface Shortage {
  readonly placement: PlacementKey
  /** Waiting pods that stay without an address. */
  readonly waiting: number
  /** Warm addresses that are missing besides. */
  readonly warm: number
  readonly error: BerthError
}
