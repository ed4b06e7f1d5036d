import { actionOf, aroundEc2, isDescribe } from "../ec2/around-ec2.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import { fail } from "../errors/catalogue.ts"

/**
 * EC2 for a leader that may have been paused without noticing: what changes something is looked at right before it is
 * sent, after any wait in the call budget. A lease that may be another's by now lets nothing pass
 * (controller/lease-stale), so that the new leader never finds a call of the former one among its own.
 */
export function fencedEc2(ec2: Ec2, holdsLease: () => boolean): Ec2 {
  return aroundEc2(ec2, async (method, make) => {
    if (!isDescribe(method) && !holdsLease())
      throw fail("controller/lease-stale", { action: `ec2:${actionOf[method]}` })
    return make()
  })
}
