import { isError } from "../../errors/catalogue.ts"
import type { RegroupAction } from "../../ipam/actions.ts"
import type { NodeState } from "../node-state.ts"
import type { CallContext } from "./call-context.ts"

/** Replaces the security groups of a live interface: one call, and pods keep running. */
export async function regroupInterface(
  context: CallContext,
  state: NodeState,
  action: RegroupAction,
): Promise<void> {
  const { ec2, facts, signal } = context
  const { interfaceID: id, securityGroups } = action
  try {
    await ec2.modifyNetworkInterface({ id, securityGroups }, { signal, priority: action.urgency })
  } catch (error) {
    if (isError(error, "ec2/not-found")) for (const group of securityGroups) facts.forget(group)
    throw error
  }
  state.update(id, () => ({ securityGroups: [...securityGroups] }))
  context.changed(state.name)
}
