import { actionOf, aroundEc2, isDescribe } from "./around-ec2.ts"
import type { CallBudget } from "./budget.ts"
import type { Ec2, Ec2Method } from "./ec2.ts"

/**
 * Methods that must not be made again without knowing how the first time ended: attaching and assigning again are
 * other requests, and their callers look first. Reading may be repeated always, writing where the second time changes
 * nothing (a client token, a value set, a deletion).
 */
const unrepeatable: ReadonlySet<Ec2Method> = new Set([
  "attachNetworkInterface",
  "detachNetworkInterface",
  "assignAddresses",
  "unassignAddresses",
])

const pageSize = 1000

/** EC2 within a call budget: every call waits for its turn. */
export function budgetedEc2(ec2: Ec2, budget: CallBudget): Ec2 {
  return aroundEc2(ec2, async (method, make, { priority, signal } = {}) => {
    const call = {
      action: actionOf[method],
      repeatable: !unrepeatable.has(method),
      ...(priority && { priority }),
      ...(signal && { signal }),
    }
    const answer = await budget.run(call, make)
    // A describe call makes a request for every thousand rows; those after the first are charged afterwards.
    const further = isDescribe(method) ? Math.ceil((answer as unknown[]).length / pageSize) - 1 : 0
    if (further > 0) budget.charge(call.action, further)
    return answer
  })
}
