import {
  nodePlacement,
  type PlacementDemand,
  type PlacementKey,
  type PodClaim,
} from "../api/nodenetwork.ts"
import type { Pool } from "./pool.ts"

/**
 * `spec.demand`: what every placement of the node holds and wants, in a stable order. Pods on draining interfaces are
 * not counted: nothing has to be there for them, and they would be mistaken for users of the new interfaces.
 */
export function demandOf(
  pool: Pool,
  waiting: ReadonlyMap<PlacementKey, number>,
  claims: ReadonlyMap<PlacementKey, PodClaim[]> = new Map(),
): PlacementDemand[] {
  const listed = [...pool.interfaces()].filter((iface) => pool.serves(iface))
  const served = listed.map((i) => i.facts.placement)
  const keys = new Set([nodePlacement, ...served, ...waiting.keys(), ...claims.keys()])
  return [...keys].sort().map((placement) => {
    const { held, cooling } = pool.counts(placement)
    const kept = pool.kept().filter((entry) => entry.placement === placement).length
    const own = claims.get(placement)
    return {
      ...{ placement, inUse: held - kept, waiting: waiting.get(placement) ?? 0, cooling },
      ...(kept > 0 && { kept }),
      ...(own && { claims: own }),
    }
  })
}
