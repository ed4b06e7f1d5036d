import { type Block, blockOf, toAddress, toNumber } from "./ipv4.ts"

/** Which free address EC2 hands out next. Real EC2 looks scattered; `lowest` makes labs easy to read. */
export type AddressChoice = "lowest" | "scattered"

const prefixSize = 16

/**
 * The IPv4 addresses of one subnet. The first four and the last are the VPC's own ("Subnet sizing for IPv4", VPC user
 * guide), so the first and last /28 can never be delegated whole.
 */
export class AddressSpace {
  readonly #base: number
  readonly #used: Uint8Array
  /** Number of reservations over each address that forbid choosing it: singly, or as part of a prefix. */
  readonly #noSingle: Uint8Array
  readonly #noPrefix: Uint8Array
  readonly #prefixRanges: Block[] = []
  readonly #usedPerBlock: Uint8Array
  readonly #start: () => number
  #free: number

  constructor(cidr: string, choice: AddressChoice, random: () => number) {
    const block = blockOf(cidr)
    this.#base = block.first
    this.#used = new Uint8Array(block.size)
    this.#noSingle = new Uint8Array(block.size)
    this.#noPrefix = new Uint8Array(block.size)
    this.#usedPerBlock = new Uint8Array(Math.ceil(block.size / prefixSize))
    this.#free = block.size
    this.#start = choice === "lowest" ? () => 0 : () => Math.floor(random() * block.size)
    for (const offset of [0, 1, 2, 3, block.size - 1]) this.#set(offset, 1)
  }

  get free(): number {
    return this.#free
  }

  /** How many single addresses may be chosen automatically: free and outside every reservation. */
  get choosable(): number {
    let count = 0
    for (let i = 0; i < this.#used.length; i++)
      if (this.#used[i] === 0 && this.#noSingle[i] === 0) count++
    return count
  }

  /** Whether `address` lies in the subnet at all. */
  contains(address: string): boolean {
    const offset = toNumber(address) - this.#base
    return offset >= 0 && offset < this.#used.length
  }

  isFree(address: string): boolean {
    return this.contains(address) && this.#used[toNumber(address) - this.#base] === 0
  }

  isFreePrefix(cidr: string): boolean {
    const block = blockOf(cidr)
    const offset = block.first - this.#base
    return (
      block.size === prefixSize &&
      offset >= 0 &&
      offset < this.#used.length &&
      this.#usedPerBlock[offset / prefixSize] === 0
    )
  }

  /** `count` distinct free addresses, none taken yet; undefined when there are fewer. */
  choose(count: number): string[] | undefined {
    const chosen: string[] = []
    if (count > this.#free) return undefined
    const size = this.#used.length
    const start = this.#start()
    for (let step = 0; step < size && chosen.length < count; step++) {
      const offset = (start + step) % size
      if (this.#used[offset] === 0 && this.#noSingle[offset] === 0)
        chosen.push(toAddress(this.#base + offset))
    }
    return chosen.length === count ? chosen : undefined
  }

  /** `count` free /28 blocks, none taken yet; reserved ranges are used up first. Undefined when there are fewer. */
  choosePrefixes(count: number): string[] | undefined {
    const chosen = new Set<number>()
    for (const range of this.#prefixRanges)
      for (let i = 0; i < range.size; i += prefixSize) {
        const offset = range.first - this.#base + i
        if (chosen.size < count && this.#usedPerBlock[offset / prefixSize] === 0) chosen.add(offset)
      }
    const blocks = this.#usedPerBlock.length
    const start = Math.floor(this.#start() / prefixSize)
    for (let step = 0; step < blocks && chosen.size < count; step++) {
      const offset = ((start + step) % blocks) * prefixSize
      if (this.#usedPerBlock[offset / prefixSize] === 0 && !this.#blockReserved(offset))
        chosen.add(offset)
    }
    if (chosen.size < count) return undefined
    return [...chosen].map((offset) => `${toAddress(this.#base + offset)}/28`)
  }

  /** Marks an address or a prefix as used. */
  take(addressOrCidr: string): void {
    this.#each(addressOrCidr, (offset) => this.#set(offset, 1))
  }

  give(addressOrCidr: string): void {
    this.#each(addressOrCidr, (offset) => this.#set(offset, 0))
  }

  reserve(cidr: string, type: "prefix" | "explicit"): void {
    if (type === "prefix") this.#prefixRanges.push(blockOf(cidr))
    this.#each(cidr, (offset) => this.#mark(offset, type, 1))
  }

  unreserve(cidr: string, type: "prefix" | "explicit"): void {
    const { first } = blockOf(cidr)
    const at = this.#prefixRanges.findIndex((r) => r.first === first)
    if (type === "prefix" && at >= 0) this.#prefixRanges.splice(at, 1)
    this.#each(cidr, (offset) => this.#mark(offset, type, -1))
  }

  #mark(offset: number, type: "prefix" | "explicit", by: 1 | -1): void {
    this.#noSingle[offset] = (this.#noSingle[offset] ?? 0) + by
    if (type === "explicit") this.#noPrefix[offset] = (this.#noPrefix[offset] ?? 0) + by
  }

  #blockReserved(offset: number): boolean {
    return this.#noPrefix.subarray(offset, offset + prefixSize).some((n) => n > 0)
  }

  #each(addressOrCidr: string, act: (offset: number) => void): void {
    const block = blockOf(addressOrCidr.includes("/") ? addressOrCidr : `${addressOrCidr}/32`)
    for (let i = 0; i < block.size; i++) act(block.first - this.#base + i)
  }

  #set(offset: number, used: 0 | 1): void {
    if (this.#used[offset] === used || this.#used[offset] === undefined) return
    this.#used[offset] = used
    const by = used === 1 ? 1 : -1
    const block = Math.floor(offset / prefixSize)
    this.#usedPerBlock[block] = (this.#usedPerBlock[block] ?? 0) + by
    this.#free -= by
  }
}
