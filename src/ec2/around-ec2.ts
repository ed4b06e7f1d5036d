import type { CallOptions, Ec2, Ec2Method } from "./ec2.ts"

type Ec2Call = (request: never, options?: CallOptions) => Promise<never>

/** EC2's own name of each method's action. */
export const actionOf: Readonly<Record<Ec2Method, string>> = {
  describeVpcs: "DescribeVpcs",
  describeSubnets: "DescribeSubnets",
  describeSecurityGroups: "DescribeSecurityGroups",
  describeInstances: "DescribeInstances",
  describeNetworkInterfaces: "DescribeNetworkInterfaces",
  createNetworkInterface: "CreateNetworkInterface",
  attachNetworkInterface: "AttachNetworkInterface",
  detachNetworkInterface: "DetachNetworkInterface",
  deleteNetworkInterface: "DeleteNetworkInterface",
  modifyNetworkInterface: "ModifyNetworkInterfaceAttribute",
  assignAddresses: "AssignPrivateIpAddresses",
  unassignAddresses: "UnassignPrivateIpAddresses",
}

export const isDescribe = (method: Ec2Method): boolean => method.startsWith("describe")

/** The same EC2 with something around every call: `around` makes the call, or rejects in its place. */
export function aroundEc2(
  ec2: Ec2,
  around: (
    method: Ec2Method,
    make: () => Promise<unknown>,
    options?: CallOptions,
  ) => Promise<unknown>,
): Ec2 {
  const methods = Object.keys(actionOf) as Ec2Method[]
  const calls = methods.map((method): [Ec2Method, Ec2Call] => [
    method,
    (request, options) =>
      // Resolves to what the method of that name does: `around` is not told what that is.
      around(method, () => ec2[method](request, options), options) as Promise<never>,
  ])
  return Object.fromEntries(calls) as Record<Ec2Method, Ec2Call>
}
