import type { CallOptions, Ec2 } from "../ec2/ec2.ts"
import { fail } from "../errors/catalogue.ts"

/**
 * EC2 for a leader that may have been paused without noticing: what changes something is looked at right before it is
 * sent, after any wait in the call budget. A lease that may be another's by now lets nothing pass
 * (controller/lease-stale), so that the new leader never finds a call of the former one among its own.
 */
export function fencedEc2(ec2: Ec2, holdsLease: () => boolean): Ec2 {
  const fenced =
    <Q, R>(action: string, make: (request: Q, options?: CallOptions) => Promise<R>) =>
    async (request: Q, options?: CallOptions): Promise<R> => {
      if (!holdsLease()) throw fail("controller/lease-stale", { action })
      return make(request, options)
    }
  return {
    describeVpcs: (q, o) => ec2.describeVpcs(q, o),
    describeSubnets: (q, o) => ec2.describeSubnets(q, o),
    describeSecurityGroups: (q, o) => ec2.describeSecurityGroups(q, o),
    describeInstances: (q, o) => ec2.describeInstances(q, o),
    describeNetworkInterfaces: (q, o) => ec2.describeNetworkInterfaces(q, o),
    createNetworkInterface: fenced("CreateNetworkInterface", (r, o) =>
      ec2.createNetworkInterface(r, o),
    ),
    attachNetworkInterface: fenced("AttachNetworkInterface", (r, o) =>
      ec2.attachNetworkInterface(r, o),
    ),
    detachNetworkInterface: fenced("DetachNetworkInterface", (r, o) =>
      ec2.detachNetworkInterface(r, o),
    ),
    deleteNetworkInterface: fenced("DeleteNetworkInterface", (r, o) =>
      ec2.deleteNetworkInterface(r, o),
    ),
    modifyNetworkInterface: fenced("ModifyNetworkInterfaceAttribute", (r, o) =>
      ec2.modifyNetworkInterface(r, o),
    ),
    assignAddresses: fenced("AssignPrivateIpAddresses", (r, o) => ec2.assignAddresses(r, o)),
    unassignAddresses: fenced("UnassignPrivateIpAddresses", (r, o) => ec2.unassignAddresses(r, o)),
    createTags: fenced("CreateTags", (r, o) => ec2.createTags(r, o)),
  }
}
