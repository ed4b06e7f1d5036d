import type { NodeInterface, Offer } from "../api/nodenetwork.ts"
import {
  type Address,
  blockOf,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
} from "../vpc/cidr.ts"

export type AddressState = "free" | "held" | "cooling"

/** A secondary address (size 1) or a delegated /28 prefix (size 16) of an interface. */
export interface Block {
  readonly base: Address
  readonly size: 1 | 16
  held: number
  cooling: number
  /** Given back: nothing of it is used again, and it waits until status drops it. */
  offered: boolean
}

/** One ENI as the pool sees it. Its counters sum over its blocks, so that choosing an ENI walks over no addresses. */
export interface PoolInterface {
  readonly id: string
  facts: NodeInterface
  /** When the pool first saw it, ms since the epoch. */
  readonly since: number
  /** The kernel's side is set up: addresses may be given out. */
  open: boolean
  /** The whole interface is given back. */
  offered: boolean
  readonly blocks: Map<Address, Block>
  /** Free addresses of blocks of size 1, the longest unused first. */
  readonly freeSingles: Set<Address>
  held: number
  cooling: number
  free: number
}

export interface Place {
  readonly iface: PoolInterface
  readonly block: Block
}

/** What the space asks of the pool when it meets an address or a block anew. */
export interface Owners {
  readonly stateOf: (address: Address) => AddressState
  readonly isOffered: (offer: Offer) => boolean
}

/** The interfaces of a node and their blocks as status lists them, with counts of what state their addresses are in. */
export class AddressSpace {
  readonly #interfaces = new Map<string, PoolInterface>()
  /** First address of every block to its place. A single address and a prefix of one VPC never share one. */
  readonly #places = new Map<Address, Place>()
  readonly #owners: Owners

  constructor(owners: Owners) {
    this.#owners = owners
  }

  interfaces(): MapIterator<PoolInterface> {
    return this.#interfaces.values()
  }

  get(interfaceID: string): PoolInterface | undefined {
    return this.#interfaces.get(interfaceID)
  }

  /** The block that holds the address, with its interface. */
  locate(address: Address): Place | undefined {
    const single = this.#places.get(address)
    if (single !== undefined) return single
    const prefix = this.#places.get(blockOf(address, 28).base)
    return prefix?.block.size === 16 ? prefix : undefined
  }

  /** Makes the space what status lists now. */
  merge(listed: readonly NodeInterface[], now: number): { added: string[]; removed: string[] } {
    const facts = new Map(listed.map((f) => [f.id, f]))
    // All drops come before any addition, since an address may have moved from one interface to another.
    for (const iface of this.#interfaces.values()) this.#dropAbsent(iface, facts.get(iface.id))
    const removed = [...this.#interfaces.keys()].filter((id) => !facts.has(id))
    for (const id of removed) this.#interfaces.delete(id)
    const added = listed.filter((f) => !this.#interfaces.has(f.id)).map((f) => f.id)
    for (const f of listed) this.#refresh(f, now)
    return { added, removed }
  }

  /** Records that an address went from one state to another; what is not listed is not counted. */
  move(address: Address, from: AddressState, to: AddressState): void {
    const place = this.locate(address)
    if (place === undefined) return
    this.#count(place, address, from, -1)
    this.#count(place, address, to, 1)
  }

  /** Takes a block out of use. */
  withdraw({ iface, block }: Place): void {
    iface.free -= freeOf(block)
    iface.freeSingles.delete(block.base)
    block.offered = true
  }

  #count({ iface, block }: Place, address: Address, state: AddressState, by: 1 | -1): void {
    if (state !== "free") {
      block[state] += by
      iface[state] += by
      return
    }
    if (block.offered) return
    iface.free += by
    if (block.size === 16) return
    if (by === 1) iface.freeSingles.add(address)
    else iface.freeSingles.delete(address)
  }

  #refresh(facts: NodeInterface, now: number): void {
    const iface = this.#interfaces.get(facts.id) ?? newInterface(facts, now)
    this.#interfaces.set(facts.id, iface)
    iface.facts = facts
    iface.offered = this.#owners.isOffered({ interfaceID: facts.id })
    for (const [base, size] of blocksOf(facts)) {
      // An address that two interfaces list is one in the middle of a move: the first keeps it until it lets go.
      if (!this.#places.has(base)) this.#add(iface, base, size)
    }
  }

  #add(iface: PoolInterface, base: Address, size: 1 | 16): void {
    const offered = this.#owners.isOffered(offerOf(iface.id, { base, size }))
    const block: Block = { base, size, held: 0, cooling: 0, offered }
    const place = { iface, block }
    iface.blocks.set(base, block)
    this.#places.set(base, place)
    for (const address of addressesOf(block)) {
      this.#count(place, address, this.#owners.stateOf(address), 1)
    }
  }

  #dropAbsent(iface: PoolInterface, facts: NodeInterface | undefined): void {
    const listed = facts === undefined ? new Map<Address, number>() : blocksOf(facts)
    for (const block of [...iface.blocks.values()]) {
      if (listed.get(block.base) === block.size) continue
      iface.blocks.delete(block.base)
      iface.freeSingles.delete(block.base)
      iface.held -= block.held
      iface.cooling -= block.cooling
      iface.free -= freeOf(block)
      this.#places.delete(block.base)
    }
  }
}

export const freeOf = (block: Block): number =>
  block.offered ? 0 : block.size - block.held - block.cooling

export function* addressesOf(block: Pick<Block, "base" | "size">): Generator<Address> {
  for (let i = 0; i < block.size; i++) yield block.base + i
}

/** The offer that gives back a block. */
export const offerOf = (interfaceID: string, block: Pick<Block, "base" | "size">): Offer =>
  block.size === 1
    ? { interfaceID, address: formatAddress(block.base) }
    : { interfaceID, prefix: formatCidr({ base: block.base, length: 28 }) }

/** The block that an offer gives back; undefined for a whole interface, or when the interface does not have it. */
export function blockOfOffer(iface: PoolInterface, offer: Offer): Block | undefined {
  const base =
    offer.address === undefined ? parseCidr(offer.prefix ?? "")?.base : parseAddress(offer.address)
  const block = base === undefined ? undefined : iface.blocks.get(base)
  return block?.size === (offer.address === undefined ? 16 : 1) ? block : undefined
}

const newInterface = (facts: NodeInterface, since: number): PoolInterface => ({
  id: facts.id,
  facts,
  since,
  open: false,
  offered: false,
  blocks: new Map(),
  freeSingles: new Set(),
  held: 0,
  cooling: 0,
  free: 0,
})

/** First address and size of the blocks that status lists. What cannot be read is left out: it is never handed out. */
function blocksOf(facts: NodeInterface): Map<Address, 1 | 16> {
  const blocks = new Map<Address, 1 | 16>()
  for (const text of facts.addresses) {
    const base = parseAddress(text)
    if (base !== undefined) blocks.set(base, 1)
  }
  for (const text of facts.prefixes) {
    const cidr = parseCidr(text)
    if (cidr?.length === 28) blocks.set(cidr.base, 16)
  }
  return blocks
}
