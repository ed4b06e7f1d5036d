import { createHash } from "node:crypto"
import type { CreateIntent } from "../api/nodenetwork.ts"
import type { CreateAction } from "../ipam/actions.ts"

/**
 * The record of a create call that is about to be made. The token is EC2's idempotency key: whoever repeats the call
 * from the record, after a crash or as the next leader, gets the same interface and no second one.
 */
export function createIntent(action: CreateAction, nodeUID: string, nowMs: number): CreateIntent {
  const at = new Date(nowMs).toISOString()
  const { placement, object, subnetID, networkCard, deviceIndex, addresses, prefixes } = action
  const slot = `${nodeUID}/${networkCard}/${deviceIndex}/${at}`
  const digest = createHash("sha256").update(slot).digest("hex")
  return {
    // EC2 takes up to 64 ASCII characters.
    token: `berth-${digest.slice(0, 40)}`,
    placement,
    object,
    subnetID,
    securityGroups: [...action.securityGroups],
    networkCard,
    deviceIndex,
    addresses,
    prefixes,
    at,
  }
}

/** The action that an intent found in the record stands for. */
export const actionOf = (intent: CreateIntent): CreateAction => {
  const { token: _token, at: _at, ...rest } = intent
  return { do: "create", ...rest, urgency: "allocate" }
}
