import type { PlacementKey } from "../api/nodenetwork.ts"

/** One network attachment of one sandbox, as the CNI names it. All three parts are needed. */
export interface AttachmentKey {
  readonly network: string
  readonly containerID: string
  readonly ifName: string
}

/** What pods with a branch interface of their own have instead of a placement of the node. */
export const branchPlacement: PlacementKey = "branch"

/** An address given to a pod: what the journal keeps, and what ADD answers from. */
export interface Held {
  readonly key: AttachmentKey
  readonly pod: { readonly namespace: string; readonly name: string }
  readonly placement: PlacementKey
  readonly address: string
  /** Empty until a status lists the address, for a pod that was found without the journal. */
  readonly interfaceID: string
  /** Milliseconds since the epoch. */
  readonly assignedAt: number
  /** For how long the address is kept for the next pod of the name, in milliseconds; absent when it is not. */
  readonly keepMs?: number
}

/** An address that a pod gave up: unusable until `until` (ms since the epoch), wherever it turns up. */
export interface Cooling {
  readonly address: string
  readonly interfaceID: string
  readonly until: number
}

export const keyText = (key: AttachmentKey): string =>
  `${key.network}/${key.containerID}/${key.ifName}`
