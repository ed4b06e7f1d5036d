import type { PlacementKey } from "../api/nodenetwork.ts"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import type { BerthError } from "../errors/berth-error.ts"
import { placementKey } from "./placement.ts"
import { choosePoolForPod, type PodFacts } from "./pool-selection.ts"
import type { Read } from "./read.ts"
import { groupsForPod, type PolicyPod } from "./security-group-policy.ts"
import type { Trace } from "./trace.ts"

export type PodPlacementDecision =
  | { readonly ok: true; readonly key: PlacementKey; readonly trace: Trace }
  | { readonly ok: false; readonly refusal: BerthError; readonly trace: Trace }

/**
 * Which placement of its node serves a pod: a SubnetPool that selects it gives the subnets, SecurityGroupPolicies that
 * select it give the groups; what neither gives stays the node's.
 */
export function podPlacement(
  pod: PodFacts & PolicyPod,
  pools: Read<readonly SubnetPool[]>,
  policies: Read<readonly SecurityGroupPolicy[]>,
): PodPlacementDecision {
  const pool = choosePoolForPod(pod, pools)
  if (!pool.ok) return pool
  const decision = groupsForPod(pod, policies)
  const trace = [...pool.trace, ...decision.trace]
  if (!decision.ok) return { ok: false, refusal: decision.refusal, trace }
  const { groups } = decision
  return { ok: true, key: placementKey({ ...(pool.name && { pool: pool.name }), groups }), trace }
}
