import { isDeepStrictEqual } from "node:util"
import type { NodeInterface } from "../api/nodenetwork.ts"

/** How far apart two sightings of the same difference must be: longer than EC2's describe calls lag behind. */
export const sightingsApartMs = 30_000

/** A difference between the record and EC2 that one read has shown, by when it was first seen. */
export type Suspects = ReadonlyMap<string, number>

export interface Truth {
  readonly interfaces: NodeInterface[]
  readonly suspects: Suspects
  /** What was corrected, in words for the log. */
  readonly corrections: string[]
}

/**
 * Brings the record of a node's interfaces up to what EC2 shows. EC2 is eventually consistent: a stale answer may lack
 * what was just added or still have what was just given back, and acting on it would take an address from under a pod
 * or hand out one that belongs to another node by now. So a difference counts only when it is seen twice,
 * `sightingsApartMs` apart. Only a node without any record takes what it sees as it is.
 */
export function reconcileTruth(
  known: readonly NodeInterface[],
  seen: readonly NodeInterface[],
  suspects: Suspects,
  now: number,
): Truth {
  if (known.length === 0) return { interfaces: [...seen], suspects: new Map(), corrections: [] }
  const next = new Map<string, number>()
  const corrections: string[] = []
  const confirmed = (what: string): boolean => {
    const since = suspects.get(what) ?? now
    if (now - since >= sightingsApartMs) {
      corrections.push(what)
      return true
    }
    next.set(what, since)
    return false
  }
  const interfaces = known.flatMap((iface): NodeInterface[] => {
    const found = seen.find((s) => s.id === iface.id)
    if (found) return [merge(iface, found, confirmed)]
    // One that is being attached or released is legitimately not attached; its own steps see to it.
    if (iface.state === "Attaching" || iface.state === "Releasing") return [iface]
    return confirmed(`${iface.id} is gone`) ? [] : [iface]
  })
  for (const found of seen) {
    if (known.some((iface) => iface.id === found.id)) continue
    if (confirmed(`${found.id} was attached by somebody else`)) interfaces.push(found)
  }
  return { interfaces, suspects: next, corrections }
}

function merge(
  iface: NodeInterface,
  seen: NodeInterface,
  confirmed: (what: string) => boolean,
): NodeInterface {
  const list = (have: readonly string[], want: readonly string[]) => [
    ...have.filter((a) => want.includes(a) || !confirmed(`${iface.id} has lost ${a}`)),
    ...want.filter((a) => !have.includes(a) && confirmed(`${iface.id} has ${a} besides`)),
  ]
  const merged: NodeInterface = {
    ...iface,
    deviceIndex: seen.deviceIndex,
    networkCard: seen.networkCard,
    primary: seen.primary,
    subnetCIDR: seen.subnetCIDR,
    securityGroups: seen.securityGroups,
    state: mergedState(iface, seen),
    addresses: list(iface.addresses, seen.addresses),
    prefixes: list(iface.prefixes, seen.prefixes),
  }
  return isDeepStrictEqual(merged, iface) ? iface : merged
}

/** Draining and Releasing are the controller's own decisions; foreign and attached is what EC2 says. */
function mergedState(iface: NodeInterface, seen: NodeInterface): NodeInterface["state"] {
  if (seen.state === "Foreign") return "Foreign"
  if (iface.state === "Foreign" || iface.state === "Attaching") return seen.state
  return iface.state
}
