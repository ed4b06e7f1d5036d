import type { BudgetCall, CallBudget } from "./budget.ts"
import type { CallOptions, CallPriority, Ec2, Ec2Method } from "./ec2.ts"

interface MethodCost {
  readonly action: string
  readonly repeatable: boolean
  /** Priority when the caller states none. */
  readonly priority?: CallPriority
}

/**
 * What each method is for EC2, and whether it may be made again without knowing how the first time ended: reading
 * always, writing where the second time changes nothing (a client token, a value set, a deletion). Attaching and
 * assigning again are other requests: their callers look first.
 */
const costs: Readonly<Record<Ec2Method, MethodCost>> = {
  describeVpcs: { action: "DescribeVpcs", repeatable: true },
  describeSubnets: { action: "DescribeSubnets", repeatable: true },
  describeSecurityGroups: { action: "DescribeSecurityGroups", repeatable: true },
  describeInstances: { action: "DescribeInstances", repeatable: true },
  describeNetworkInterfaces: { action: "DescribeNetworkInterfaces", repeatable: true },
  createNetworkInterface: { action: "CreateNetworkInterface", repeatable: true },
  attachNetworkInterface: { action: "AttachNetworkInterface", repeatable: false },
  detachNetworkInterface: { action: "DetachNetworkInterface", repeatable: false },
  deleteNetworkInterface: { action: "DeleteNetworkInterface", repeatable: true },
  modifyNetworkInterface: { action: "ModifyNetworkInterfaceAttribute", repeatable: true },
  assignAddresses: { action: "AssignPrivateIpAddresses", repeatable: false },
  unassignAddresses: { action: "UnassignPrivateIpAddresses", repeatable: false },
  createTags: { action: "CreateTags", repeatable: true },
}

const pageSize = 1000

/** EC2 within a call budget: every call waits for its turn. */
export function budgetedEc2(ec2: Ec2, budget: CallBudget): Ec2 {
  const callOf = (method: Ec2Method, options: CallOptions | undefined): BudgetCall => {
    const { action, repeatable } = costs[method]
    const { priority, signal } = options ?? {}
    return { action, repeatable, ...(priority && { priority }), ...(signal && { signal }) }
  }
  const once =
    <Q, R>(method: Ec2Method, make: (query: Q, options?: CallOptions) => Promise<R>) =>
    (query: Q, options?: CallOptions): Promise<R> =>
      budget.run(callOf(method, options), () => make(query, options))
  /** A describe call makes a request for every thousand rows; those after the first are charged afterwards. */
  const paged = <Q, R>(
    method: Ec2Method,
    make: (query: Q, options?: CallOptions) => Promise<R[]>,
  ) => {
    const describe = once(method, make)
    return async (query: Q, options?: CallOptions): Promise<R[]> => {
      const rows = await describe(query, options)
      const further = Math.ceil(rows.length / pageSize) - 1
      if (further > 0) budget.charge(costs[method].action, further)
      return rows
    }
  }
  return {
    describeVpcs: paged("describeVpcs", (q, o) => ec2.describeVpcs(q, o)),
    describeSubnets: paged("describeSubnets", (q, o) => ec2.describeSubnets(q, o)),
    describeSecurityGroups: paged("describeSecurityGroups", (q, o) =>
      ec2.describeSecurityGroups(q, o),
    ),
    describeInstances: paged("describeInstances", (q, o) => ec2.describeInstances(q, o)),
    describeNetworkInterfaces: paged("describeNetworkInterfaces", (q, o) =>
      ec2.describeNetworkInterfaces(q, o),
    ),
    createNetworkInterface: once("createNetworkInterface", (r, o) =>
      ec2.createNetworkInterface(r, o),
    ),
    attachNetworkInterface: once("attachNetworkInterface", (r, o) =>
      ec2.attachNetworkInterface(r, o),
    ),
    detachNetworkInterface: once("detachNetworkInterface", (r, o) =>
      ec2.detachNetworkInterface(r, o),
    ),
    deleteNetworkInterface: once("deleteNetworkInterface", (r, o) =>
      ec2.deleteNetworkInterface(r, o),
    ),
    modifyNetworkInterface: once("modifyNetworkInterface", (r, o) =>
      ec2.modifyNetworkInterface(r, o),
    ),
    assignAddresses: once("assignAddresses", (r, o) => ec2.assignAddresses(r, o)),
    unassignAddresses: once("unassignAddresses", (r, o) => ec2.unassignAddresses(r, o)),
    createTags: once("createTags", (r, o) => ec2.createTags(r, o)),
  }
}
