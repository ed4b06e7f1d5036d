import type { NodeInterface } from "../api/nodenetwork.ts"
import { prefixSize } from "../ipam/targets.ts"

/** What a set of interfaces holds. */
export interface Tally {
  readonly interfaces: number
  /** Pod addresses; a prefix counts as sixteen. */
  readonly addresses: number
}

/** Adds up the interfaces that match; foreign ones never count. */
export function tallyOf(
  interfaces: Iterable<NodeInterface>,
  matches: (iface: NodeInterface) => boolean,
): Tally {
  let count = 0
  let addresses = 0
  for (const iface of interfaces) {
    if (iface.state === "Foreign" || !matches(iface)) continue
    count++
    addresses += addressesOn(iface)
  }
  return { interfaces: count, addresses }
}

export const addressesOn = (iface: Pick<NodeInterface, "addresses" | "prefixes">): number =>
  iface.addresses.length + iface.prefixes.length * prefixSize
