import { isError } from "../../errors/catalogue.ts"
import type { AssignAction, UnassignAction } from "../../ipam/actions.ts"
import type { NodeState } from "../node-state.ts"
import type { Hold } from "../subnet-supply.ts"
import { amountOn, type CallContext, isAmbiguous } from "./call-context.ts"

/** Assigns addresses or prefixes to a live interface. */
export async function assignAddresses(
  context: CallContext,
  state: NodeState,
  action: AssignAction,
  hold: Hold | undefined,
): Promise<void> {
  const { ec2, clock, signal } = context
  const { interfaceID: id, addresses, prefixes } = action
  try {
    const count = prefixes > 0 ? { prefixCount: prefixes } : { addressCount: addresses }
    const given = await ec2.assignAddresses({ id, ...count }, { signal, priority: action.urgency })
    hold?.settle({ used: amountOn(given, 0) })
    state.update(id, (iface) => ({
      addresses: union(iface.addresses, given.addresses),
      prefixes: union(iface.prefixes, given.prefixes),
    }))
  } catch (error) {
    hold?.settle(isAmbiguous(error) ? "unknown" : "refused")
    // What EC2 holds is not what the record says, or is not known: compare.
    if (isAmbiguous(error) || isError(error, "ec2/limit") || isError(error, "ec2/not-found"))
      state.doubt(clock.now())
    throw error
  }
  context.changed(state.name)
}

/** Gives back what the agent has offered; only after EC2 has taken it does the record lose it. */
export async function unassignAddresses(
  context: CallContext,
  state: NodeState,
  action: UnassignAction,
): Promise<void> {
  const { ec2, clock, supplies, signal } = context
  const { interfaceID: id, addresses, prefixes } = action
  const startedAt = clock.now()
  try {
    // EC2 takes addresses or prefixes, not both in one call.
    const options = { signal, priority: "release" } as const
    if (prefixes.length > 0) await ec2.unassignAddresses({ id, prefixes }, options)
    if (addresses.length > 0) await ec2.unassignAddresses({ id, addresses }, options)
  } catch (error) {
    state.doubt(clock.now())
    throw error
  }
  const iface = state.find(id)
  if (iface) supplies.freed(iface.subnetID, amountOn({ addresses, prefixes }, 0), startedAt)
  state.update(id, (known) => ({
    addresses: known.addresses.filter((a) => !addresses.includes(a)),
    prefixes: known.prefixes.filter((p) => !prefixes.includes(p)),
  }))
  context.changed(state.name)
}

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])]
