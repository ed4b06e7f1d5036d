import type { Offer, PlacementKey } from "../api/nodenetwork.ts"
import type { AttachmentKey, Cooling, Held } from "./held.ts"
import type { Kept, NotKept } from "./kept.ts"

export interface PoolConfig {
  /** With custom networking the primary ENI gives no pod address, not even one that it has already. */
  readonly customNetworking: boolean
  /** Prefixes are used before single addresses; without it, after them. */
  readonly prefixDelegation: boolean
  /** IP_COOLDOWN_PERIOD in milliseconds. */
  readonly cooldownMs: number
}

/** What the journal remembers; given to a new pool before anything is assigned. */
export interface PoolMemory {
  readonly held: readonly Held[]
  readonly kept?: readonly Kept[]
  readonly cooling: readonly Cooling[]
  /** Forgetting an offer would hand out what the controller is taking away. */
  readonly offers: readonly Offer[]
}

export interface AssignRequest {
  readonly key: AttachmentKey
  readonly pod: { readonly namespace: string; readonly name: string }
  readonly placement: PlacementKey
  /** For how long the address is to be kept for the next pod of this name. */
  readonly keepMs?: number | undefined
}

export type AssignResult =
  /** `fresh` is false when the key held this address already; `notKept`: the pod had another before. */
  | {
      readonly kind: "assigned"
      readonly held: Held
      readonly fresh: boolean
      readonly notKept?: NotKept
    }
  | { readonly kind: "wait"; readonly shortage: PoolShortage }

export interface PoolCounts {
  readonly total: number
  readonly held: number
  readonly cooling: number
  readonly offered: number
  readonly free: number
}

/** Why the pool has nothing for a placement, in numbers over the interfaces that serve it. */
export interface PoolShortage extends PoolCounts {
  readonly placement: PlacementKey
  readonly interfaces: number
  /** Of these, the ones whose kernel side is not set up yet. */
  readonly settingUp: number
  readonly draining: number
  /** When the first cooling address of the placement is free again, ms since the epoch. */
  readonly nextFreeAt?: number
}

/** What a new status changed. */
export interface Adoption {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Pods whose address status has just stopped listing: they keep it, but nothing backs it. */
  readonly lost: readonly Held[]
  /** Pods whose lost address is back. */
  readonly regained: readonly Held[]
  /** Offers that the controller carried out. */
  readonly settled: readonly Offer[]
  /** Pods found without the journal, of which the status now tells interface and placement. */
  readonly located: readonly Held[]
}
