import { bool, integer, target, text } from "./variable.ts"

/** How many addresses the node keeps. The arithmetic is in src/ipam. */
export const ipamVariables = {
  WARM_ENI_TARGET: target(
    { min: 0 },
    "Free addresses to keep, in full ENIs; 1 when not set. Without effect with WARM_IP_TARGET, MINIMUM_IP_TARGET or prefix delegation.",
  ),
  WARM_IP_TARGET: target({ min: 0 }, "Free addresses to keep; 0 or not set: no such target."),
  MINIMUM_IP_TARGET: target(
    { min: 0 },
    "Addresses to hold at least, used and free together; 0 or not set: no such target.",
  ),
  WARM_PREFIX_TARGET: target(
    { min: 0 },
    "Free /28 prefixes to keep; only with prefix delegation and without the address targets.",
  ),
  MAX_ENI: target(
    { min: -1 },
    "ENIs to use at most, the primary one included; below 1 or not set: what the instance type allows.",
  ),
  ENABLE_PREFIX_DELEGATION: bool(
    false,
    "Assign /28 prefixes instead of single addresses; single ones where a subnet has no free block.",
  ),
  IP_COOLDOWN_PERIOD: integer(
    30,
    { min: 0, max: 86_400 },
    "Seconds before the address of a deleted pod is used again. Kept over restarts.",
  ),
  AWS_VPC_K8S_CNI_BACKING_STORE: text(
    "/var/run/aws-node/ipam.json",
    "Checkpoint of Amazon VPC CNI: read once, when Berth first starts on a node, so that running pods keep their addresses.",
  ),
}
