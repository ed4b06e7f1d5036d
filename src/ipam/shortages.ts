import type { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import type { Placement } from "../placement/placement.ts"
import type { Resolution } from "../placement/resolve.ts"
import type { Shortage } from "./actions.ts"
import type { Draft } from "./draft.ts"
import { type Account, stillCold, stillWaiting } from "./growth.ts"
import type { InterfaceSlots } from "./interface-slots.ts"

interface Context {
  readonly input: {
    readonly node: string
    readonly spec: { readonly mode: { readonly provisioning: boolean } }
  }
  readonly slots: InterfaceSlots
  readonly draft: Draft
  readonly maxPods: number
}

/** What an account lacks after the plan, with the one reason that the operator can act on; nothing when it lacks nothing. */
export function shortageOf(account: Account, context: Context): Shortage[] {
  const { key: placement, resolution, prefixes } = account
  const refused = resolution?.ok !== true
  // Not missing, only later: what an interface in the making will take.
  const kinds = prefixes ? (["prefix", "address"] as const) : (["address"] as const)
  const coming = refused
    ? 0
    : Math.max(...kinds.map((kind) => context.draft.roomComing(placement, kind)))
  const waiting = Math.max(0, stillWaiting(account) - coming)
  const cold = refused ? 0 : stillCold(account, context.maxPods)
  const warm = Math.max(0, cold - coming - waiting)
  if (waiting === 0 && warm === 0) return []
  const error = refused
    ? refusalOf(placement, resolution)
    : reasonFor(account, resolution.placement, waiting > 0, context)
  return [{ placement, waiting, warm, error }]
}

function refusalOf(key: string, resolution: Resolution | undefined): BerthError {
  if (resolution !== undefined && !resolution.ok) return resolution.refusal
  return fail("placement/unreadable", { what: `placement ${key}`, why: "it is not resolved yet" })
}

function reasonFor(
  account: Account,
  placement: Placement,
  podsWait: boolean,
  { input, slots, draft }: Context,
): BerthError {
  const { node } = input
  const { object } = placement
  if (!input.spec.mode.provisioning) return fail("ipam/provisioning-off", { node })
  const empty = draft.emptySubnets(placement, "address")
  if (empty.length === placement.subnets.length) {
    return fail("ipam/subnets-full", { object, subnets: empty })
  }
  if (account.prefixes && !podsWait) {
    const spoilt = draft.emptySubnets(placement, "prefix")
    if (spoilt.length === placement.subnets.length) {
      return fail("ec2/no-free-prefix", { subnet: spoilt.map((s) => s.id).join(", ") })
    }
  }
  const { used, limit, foreign } = slots
  return fail("ipam/no-interface-slot", { node, object, used, limit, foreign })
}
