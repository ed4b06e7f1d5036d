import type { NodeInterface, NodeNetworkStatus } from "../api/nodenetwork.ts"

/**
 * The interfaces as the status's own placements allow them to be used: one whose subnet its placement does not name
 * gets no new pods, whatever its state says. An attach that was under way while the binding changed shows up like that
 * for a moment, before the controller has marked the interface as draining.
 */
export function asPlaced({ interfaces, placements }: NodeNetworkStatus): NodeInterface[] {
  const subnets = new Map(placements.filter((p) => p.ready).map((p) => [p.placement, p.subnets]))
  return interfaces.map((iface) => {
    // A placement that is refused names no subnet; what it made before stays in use.
    const named = subnets.get(iface.placement)
    const stray = named !== undefined && !named.includes(iface.subnetID)
    const serves = iface.state === "Ready" || iface.state === "Attaching"
    return stray && serves && !iface.primary ? { ...iface, state: "Draining" } : iface
  })
}
