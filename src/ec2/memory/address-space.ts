import { type Cidr, formatAddress, parseAddress, parseCidr, sizeOf } from "../../vpc/cidr.ts"

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
  readonly #prefixRanges: Cidr[] = []
  readonly #usedPerBlock: Uint8Array
  readonly #start: () => number
  #free: number

  constructor(cidr: Cidr, choice: AddressChoice, random: () => number) {
    const size = sizeOf(cidr)
    this.#base = cidr.base
    this.#used = new Uint8Array(size)
    this.#noSingle = new Uint8Array(size)
    this.#noPrefix = new Uint8Array(size)
    this.#usedPerBlock = new Uint8Array(Math.ceil(size / prefixSize))
    this.#free = size
    this.#start = choice === "lowest" ? () => 0 : () => Math.floor(random() * size)
    for (const offset of [0, 1, 2, 3, size - 1]) this.#set(offset, 1)
  }

  get free(): number {
    return this.#free
  }

  /** Whether `address` lies in the subnet at all. */
  contains(address: string): boolean {
    return this.#used[this.#offsetOf(address)] !== undefined
  }

  isFree(address: string): boolean {
    return this.#used[this.#offsetOf(address)] === 0
  }

  isFreePrefix(text: string): boolean {
    const cidr = parseCidr(text)
    if (cidr === undefined || sizeOf(cidr) !== prefixSize) return false
    return this.#usedPerBlock[(cidr.base - this.#base) / prefixSize] === 0
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
        chosen.push(formatAddress(this.#base + offset))
    }
    return chosen.length === count ? chosen : undefined
  }

  /** `count` free /28 blocks, none taken yet; reserved ranges are used up first. Undefined when there are fewer. */
  choosePrefixes(count: number): string[] | undefined {
    const chosen = new Set<number>()
    for (const range of this.#prefixRanges)
      for (let i = 0; i < sizeOf(range); i += prefixSize) {
        const offset = range.base - this.#base + i
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
    return [...chosen].map((offset) => `${formatAddress(this.#base + offset)}/28`)
  }

  /** Marks an address or a prefix as used. */
  take(addressOrCidr: string): void {
    this.#each(addressOrCidr, (offset) => this.#set(offset, 1))
  }

  give(addressOrCidr: string): void {
    this.#each(addressOrCidr, (offset) => this.#set(offset, 0))
  }

  reserve(range: Cidr, type: "prefix" | "explicit"): void {
    if (type === "prefix") this.#prefixRanges.push(range)
    this.#mark(range, type, 1)
  }

  unreserve(range: Cidr, type: "prefix" | "explicit"): void {
    const at = this.#prefixRanges.findIndex((r) => r.base === range.base)
    if (type === "prefix" && at >= 0) this.#prefixRanges.splice(at, 1)
    this.#mark(range, type, -1)
  }

  #mark(range: Cidr, type: "prefix" | "explicit", by: 1 | -1): void {
    const start = range.base - this.#base
    for (let offset = start; offset < start + sizeOf(range); offset++) {
      this.#noSingle[offset] = (this.#noSingle[offset] ?? 0) + by
      if (type === "explicit") this.#noPrefix[offset] = (this.#noPrefix[offset] ?? 0) + by
    }
  }

  #offsetOf(address: string): number {
    return (parseAddress(address) ?? Number.NaN) - this.#base
  }

  #blockReserved(offset: number): boolean {
    return this.#noPrefix.subarray(offset, offset + prefixSize).some((n) => n > 0)
  }

  #each(addressOrCidr: string, act: (offset: number) => void): void {
    const cidr = parseCidr(addressOrCidr)
    if (cidr === undefined) act(this.#offsetOf(addressOrCidr))
    else for (let i = 0; i < sizeOf(cidr); i++) act(cidr.base - this.#base + i)
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
