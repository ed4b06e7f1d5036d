import type { WarmTargets } from "../../api/nodenetwork.ts"
import { nodePlacement } from "../../api/nodenetwork.ts"
import { goalOf, prefixSize, unmetBy, warmShort } from "../../ipam/targets.ts"
import type { InstanceLimits } from "../../vpc/instance-limits.ts"
import { supportsPrefixes } from "../../vpc/instance-limits.ts"

export interface DemandQuestion {
  readonly limits: InstanceLimits
  readonly pods: number
  readonly targets: WarmTargets
  readonly customNetworking: boolean
  readonly prefixDelegation: boolean
}

/** What a node of this type takes out of its pod subnets once it runs so many pods. */
export interface NodeDemand {
  /** Pod addresses, warm ones included; whole prefixes count in full. */
  readonly addresses: number
  /** ENIs in the pod subnets; each takes an address for itself. */
  readonly interfaces: number
  /** What the subnets lose: both together. */
  readonly total: number
  /** Pods that the type cannot give an address to. */
  readonly unserved: number
}

export function nodeDemand(question: DemandQuestion): NodeDemand {
  const { limits, pods, targets, customNetworking, prefixDelegation } = question
  const prefixes = prefixDelegation && supportsPrefixes(limits)
  const size = prefixes ? prefixSize : 1
  const slots = limits.ipv4PerEni - 1
  const cap = targets.maxENI !== undefined && targets.maxENI >= 1 ? targets.maxENI : limits.maxEnis
  const most = Math.min(cap, limits.maxEnis) - (customNetworking ? 1 : 0)
  const goal = goalOf(nodePlacement, targets, prefixes)
  const stock = { total: 0, held: 0, cooling: 0, waiting: pods, perInterface: slots * size }
  const wanted = Math.max(unmetBy(stock), warmShort(goal, stock, targets.maxPods))
  const units = Math.ceil(wanted / size)
  const interfaces = Math.min(most, Math.max(1, Math.ceil(units / Math.max(1, slots))))
  const whole = goal.unit === "interface" ? interfaces * slots : units
  const addresses = Math.min(whole, interfaces * slots) * size
  // Without custom networking the primary ENI's own address is the node's, and not counted here.
  const own = Math.max(0, interfaces - (customNetworking ? 0 : 1))
  return { addresses, interfaces, total: addresses + own, unserved: Math.max(0, pods - addresses) }
}
