import type { Address } from "../vpc/cidr.ts"
import {
  type AddressState,
  addressesOf,
  type Block,
  freeOf,
  type PoolInterface,
} from "./address-space.ts"
import type { PoolConfig } from "./pool-types.ts"

/** Packs: the fullest interface, in it the fullest block, so that others become empty and can be given back. */
export function freeAddress(
  interfaces: readonly PoolInterface[],
  { prefixDelegation }: Pick<PoolConfig, "prefixDelegation">,
  stateOf: (address: Address) => AddressState,
): Address | undefined {
  const fullest = interfaces.toSorted(
    (a, b) => b.held - a.held || a.facts.deviceIndex - b.facts.deviceIndex,
  )
  const kinds = prefixDelegation ? [freeInPrefix, freeSingle] : [freeSingle, freeInPrefix]
  for (const kind of kinds) {
    for (const iface of fullest) {
      const address = kind(iface, stateOf)
      if (address !== undefined) return address
    }
  }
  return undefined
}

const freeSingle = (iface: PoolInterface): Address | undefined =>
  iface.freeSingles.values().next().value

/** The lowest free address of the fullest prefix that has one. */
function freeInPrefix(
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
