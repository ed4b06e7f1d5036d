import {
  type InstanceLimits,
  instanceTypes,
  limitsOf as limitsOfKnown,
} from "../../vpc/instance-limits.ts"
import { Ec2Fault } from "./fault.ts"

const known = new Set(instanceTypes)

/** The limits of a type; a fault in EC2's words for an unknown one. */
export function limitsOf(type: string): InstanceLimits {
  if (known.has(type)) return limitsOfKnown(type)
  throw new Ec2Fault(
    "InvalidInstanceType",
    `The following supplied instance types do not exist: [${type}]`,
  )
}
