/**
 * EC2's request limits per account and region ("Request throttling for the Amazon EC2 API", EC2 developer guide).
 * Every action has a bucket of its own; its class says how large it is and how fast it refills.
 */
export interface Bucket {
  /** The action's name; describe calls without filter and page size have a second, smaller bucket. */
  readonly name: string
  readonly size: number
  readonly refillPerSecond: number
}

type Rate = readonly [size: number, refillPerSecond: number]

const nonMutating: Rate = [100, 20]
const unfilteredNonMutating: Rate = [50, 10]
const mutating: Rate = [50, 5]
const resourceIntensive: Rate = [50, 5]

const unfilteredActions = new Set([
  "DescribeInstances",
  "DescribeInstanceStatus",
  "DescribeNetworkInterfaces",
  "DescribeSecurityGroups",
  "DescribeVolumes",
])

const intensiveActions = new Set([
  "AuthorizeSecurityGroupIngress",
  "RevokeSecurityGroupIngress",
  "CreateKeyPair",
])

/** Actions the guide lists with rates of their own. */
const ownRates: Readonly<Record<string, Rate>> = {
  AssignPrivateIpAddresses: [100, 5],
  UnassignPrivateIpAddresses: [100, 5],
  CreateLaunchTemplateVersion: [100, 5],
  CreateNatGateway: [10, 1],
  DeleteNatGateway: [10, 1],
  CreateNetworkInterface: [100, 5],
  DeleteNetworkInterface: [100, 5],
  ModifyNetworkInterfaceAttribute: [100, 5],
  CreateSubnetCidrReservation: [5, 1],
  DeleteSubnetCidrReservation: [5, 1],
  CreateTags: [100, 10],
  DeleteTags: [100, 10],
  RunInstances: [5, 2],
  StartInstances: [5, 2],
  TerminateInstances: [100, 5],
}

function rateOf(action: string): Rate {
  const own = ownRates[action]
  if (own) return own
  // The lab's other services (`eks:DescribeCluster`) are measured with the same classes.
  if (/^(\w+:)?(Describe|Get|List|Search)/.test(action)) return nonMutating
  return intensiveActions.has(action) ? resourceIntensive : mutating
}

/** The bucket a call takes its token from. */
export function bucketOf(action: string, unfiltered = false): Bucket {
  const small = unfiltered && unfilteredActions.has(action)
  const [size, refillPerSecond] = small ? unfilteredNonMutating : rateOf(action)
  return { name: small ? `${action} (unfiltered)` : action, size, refillPerSecond }
}
