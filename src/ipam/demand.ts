import { nodePlacement, type PlacementDemand, type PlacementKey } from "../api/nodenetwork.ts"
import type { Pool } from "./pool.ts"

/**
 * `spec.demand`: what every placement of the node holds and wants, in a stable order. Pods on draining interfaces are
 * not counted: nothing has to be there for them, and they would be mistaken for users of the new interfaces.
 */
export function demandOf(
  pool: Pool,
  waiting: ReadonlyMap<PlacementKey, number>,
): PlacementDemand[] {
  const listed = [...pool.interfaces()].filter((iface) => pool.serves(iface))
  const keys = new Set([nodePlacement, ...listed.map((i) => i.facts.placement), ...waiting.keys()])
  return [...keys].sort().map((placement) => {
    const { held, cooling } = pool.counts(placement)
    return { placement, inUse: held, waiting: waiting.get(placement) ?? 0, cooling }
  })
}
