import type { Address } from "../vpc/cidr.ts"
import {
  type AddressState,
  addressesOf,
  type Block,
  freeOf,
  type PoolInterface,
} from "./address-space.ts"

export const freeSingle = (iface: PoolInterface): Address | undefined =>
  iface.freeSingles.values().next().value

/** The lowest free address of the fullest prefix that has one. */
export function freeInPrefix(
  iface: PoolInterface,
  stateOf: (address: Address) => AddressState,
): Address | undefined {
  let best: Block | undefined
  for (const block of iface.blocks.values()) {
    if (block.size === 1 || freeOf(block) === 0) continue
    const fuller = best === undefined || block.held > best.held
    if (fuller || (block.held === best?.held && block.base < best.base)) best = block
  }
  return best && addressesOf(best).find((address) => stateOf(address) === "free")
}
