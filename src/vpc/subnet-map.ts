import {
  type Address,
  blockOf,
  type Cidr,
  lastOf,
  parseAddress,
  parseCidr,
  sizeOf,
} from "./cidr.ts"
import type { NetworkInterface, Subnet } from "./model.ts"
import {
  blocksIn,
  countBlocks,
  countOf,
  intersect,
  largestBlock,
  type RangeSet,
  rangeOf,
  rangeSet,
  subtract,
} from "./range-set.ts"

/** A /28 block of a subnet that single addresses keep from being a prefix. */
export interface Blocker {
  readonly block: Cidr
  readonly used: number
  /** Who holds the addresses: interface ids, each once. */
  readonly interfaceIds: readonly string[]
}

/** What is used and free in a subnet, from the addresses of the interfaces in it. */
export interface SubnetMap {
  readonly cidr: Cidr
  /** Addresses that can be used at all: AWS keeps the first four and the last. */
  readonly total: number
  readonly used: number
  readonly free: number
  readonly freeRanges: RangeSet
  /** Whole free aligned /28 blocks. */
  readonly freePrefixes: number
  readonly usedPrefixes: number
  readonly largestFree?: Cidr
  /** 0: the free addresses form as many /28 blocks as they could; 1: none of them does. */
  readonly fragmentation: number
  /** Spoilt blocks, those easiest to clear first. */
  readonly blockers: readonly Blocker[]
}

const prefixLength = 28

/**
 * Maps a subnet. EC2 does not tell how fragmented one is, but its interfaces do: describe those of the subnet.
 * Interfaces of other accounts in a shared subnet cannot be seen; `subnet.availableAddresses` then says less than `free`.
 * Undefined when the subnet's block cannot be read.
 */
export function mapSubnet(
  subnet: Subnet,
  interfaces: readonly NetworkInterface[],
): SubnetMap | undefined {
  const cidr = parseCidr(subnet.cidr)
  if (cidr === undefined) return undefined
  const holders = new Map<Address, string>()
  const prefixes: Cidr[] = []
  for (const iface of interfaces.filter((i) => i.subnetId === subnet.id)) {
    for (const text of [iface.primaryAddress, ...iface.addresses]) {
      const address = parseAddress(text)
      if (address !== undefined) holders.set(address, iface.id)
    }
    prefixes.push(...iface.prefixes.flatMap((text) => parseCidr(text) ?? []))
  }
  const usable = rangeSet([{ first: cidr.base + 4, last: lastOf(cidr) - 1 }])
  const singles = [...holders.keys()].map((address) => ({ first: address, last: address }))
  const freeRanges = subtract(usable, rangeSet([...singles, ...prefixes.map(rangeOf)]))
  const free = countOf(freeRanges)
  const total = countOf(usable)
  const freePrefixes = countBlocks(freeRanges, prefixLength)
  const possible = Math.min(countBlocks(usable, prefixLength), Math.floor(free / 16))
  const largestFree = largestBlock(freeRanges)
  return {
    cidr,
    total,
    used: total - free,
    free,
    freeRanges,
    freePrefixes,
    usedPrefixes: prefixes.length,
    ...(largestFree && { largestFree }),
    fragmentation: possible === 0 ? 0 : 1 - freePrefixes / possible,
    blockers: blockersOf(usable, holders),
  }
}

function blockersOf(usable: RangeSet, holders: ReadonlyMap<Address, string>): Blocker[] {
  const blocks = new Map<Address, { block: Cidr; used: number; ids: Set<string> }>()
  for (const [address, id] of holders) {
    const block = blockOf(address, prefixLength)
    // Blocks that AWS's own five addresses lie in can never be prefixes: nobody spoils them.
    if (countOf(intersect(usable, [rangeOf(block)])) < sizeOf(block)) continue
    const entry = blocks.get(block.base) ?? { block, used: 0, ids: new Set<string>() }
    entry.used++
    entry.ids.add(id)
    blocks.set(block.base, entry)
  }
  return [...blocks.values()]
    .sort((a, b) => a.used - b.used || a.block.base - b.block.base)
    .map(({ block, used, ids }) => ({ block, used, interfaceIds: [...ids].sort() }))
}

/** The block of this length in the subnet with the fewest used addresses: the best range to reserve for prefixes. */
export function bestReservation(
  map: SubnetMap,
  length: number,
): { block: Cidr; used: number } | undefined {
  let best: { block: Cidr; used: number } | undefined
  for (const block of blocksIn([rangeOf(map.cidr)], length)) {
    const used = sizeOf(block) - countOf(intersect([rangeOf(block)], map.freeRanges))
    if (best === undefined || used < best.used) best = { block, used }
  }
  return best
}
