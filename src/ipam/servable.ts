import type { NodeInterface, NodeNetworkSpec, PlacementKey } from "../api/nodenetwork.ts"
import { nodePlacement } from "../api/nodenetwork.ts"
import type { InterfaceLimits } from "../vpc/instance-limits.ts"
import { InterfaceSlots } from "./interface-slots.ts"
import { prefixSize } from "./targets.ts"

export interface ServableInput {
  readonly spec: NodeNetworkSpec
  readonly limits: InterfaceLimits
  readonly interfaces: readonly NodeInterface[]
}

/**
 * How many pods of a placement the node can hold in all, those it has included: the addresses of every interface that
 * the pods of other placements leave to it. What they keep warm is not theirs, for they give it back when somebody
 * waits. How full the subnets are is left out: another node would not help there.
 */
export function servablePods(key: PlacementKey, input: ServableInput): number {
  const { spec, limits, interfaces } = input
  const { customNetworking, prefixDelegation, provisioning } = spec.mode
  const slots = new InterfaceSlots(limits, spec.targets.maxENI, interfaces, [], spec.mode)
  const perInterface = slots.perInterface * (prefixDelegation && limits.prefixes ? prefixSize : 1)
  const own = (placement: PlacementKey) =>
    interfaces.filter((i) => i.placement === placement && isLive(i) && !i.primary).length
  const needed = spec.demand
    .filter(({ placement }) => placement !== key)
    .map(({ placement, inUse, waiting, cooling, kept = 0 }) => {
      const onPrimary = placement === nodePlacement && !customNetworking ? perInterface : 0
      const pods = Math.max(0, inUse + waiting + cooling + kept - onPrimary)
      return Math.ceil(pods / Math.max(1, perInterface))
    })
    .reduce((a, b) => a + b, 0)
  const leaving = interfaces.filter(({ state }) => state === "Draining" || state === "Releasing")
  const primary = 1
  const left = slots.limit - primary - slots.foreign - leaving.length - needed
  const usable = provisioning ? Math.max(left, 0) : own(key)
  return Math.min(spec.targets.maxPods, usable * perInterface)
}

const isLive = ({ state }: NodeInterface) => state === "Ready" || state === "Attaching"
