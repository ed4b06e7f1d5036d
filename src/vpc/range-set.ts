import { type Address, type Cidr, lastOf, sizeOfLength } from "./cidr.ts"

/** Addresses from `first` to `last`, both included. */
export interface Range {
  readonly first: Address
  readonly last: Address
}

/** A set of addresses: ranges in rising order that neither overlap nor touch. */
export type RangeSet = readonly Range[]

export const rangeOf = (cidr: Cidr): Range => ({ first: cidr.base, last: lastOf(cidr) })

/** The set of all these addresses; the ranges may come in any order and overlap. */
export function rangeSet(ranges: Iterable<Range>): RangeSet {
  const merged: Range[] = []
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1)
    if (before === undefined || range.first > before.last + 1) merged.push(range)
    else if (range.last > before.last) merged[merged.length - 1] = { ...before, last: range.last }
  }
  return merged
}

export const union = (a: RangeSet, b: RangeSet): RangeSet => rangeSet([...a, ...b])

/** What is in `a` and not in `b`. One walk over both. */
export function subtract(a: RangeSet, b: RangeSet): RangeSet {
  const left: Range[] = []
  let j = 0
  for (const range of a) {
    let { first } = range
    while ((b[j]?.last ?? Number.POSITIVE_INFINITY) < first) j++
    for (let k = j; first <= range.last; k++) {
      const hole = b[k]
      if (hole === undefined || hole.first > range.last) {
        left.push({ first, last: range.last })
        break
      }
      if (hole.first > first) left.push({ first, last: hole.first - 1 })
      first = hole.last + 1
    }
  }
  return left
}

export const intersect = (a: RangeSet, b: RangeSet): RangeSet => subtract(a, subtract(a, b))

/** How many addresses are in the set. */
export const countOf = (set: RangeSet): number =>
  set.reduce((sum, range) => sum + range.last - range.first + 1, 0)

/** Binary search. */
export function includes(set: RangeSet, address: Address): boolean {
  let low = 0
  let high = set.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const range = set[middle]
    if (range === undefined || address < range.first) high = middle - 1
    else if (address > range.last) low = middle + 1
    else return true
  }
  return false
}

/** The fewest CIDR blocks that make up the set, in rising order. */
export function* summarise(set: RangeSet): Generator<Cidr> {
  for (const { first, last } of set) {
    let base = first
    while (base <= last) {
      const length = Math.max(alignmentOf(base), lengthThatFits(last - base + 1))
      yield { base, length }
      base += sizeOfLength(length)
    }
  }
}

/** Every aligned block of this length that lies in the set, in rising order. */
export function* blocksIn(set: RangeSet, length: number): Generator<Cidr> {
  const size = sizeOfLength(length)
  for (const { first, last } of set) {
    let base = Math.ceil(first / size) * size
    for (; base + size - 1 <= last; base += size) yield { base, length }
  }
}

/** How many aligned blocks of this length lie in the set. */
export function countBlocks(set: RangeSet, length: number): number {
  const size = sizeOfLength(length)
  return set.reduce((sum, { first, last }) => {
    const blocks = Math.floor((last + 1) / size) - Math.ceil(first / size)
    return sum + Math.max(0, blocks)
  }, 0)
}

/** The lowest aligned block of this length in the set. */
export const firstBlock = (set: RangeSet, length: number): Cidr | undefined =>
  blocksIn(set, length).next().value ?? undefined

/** The largest aligned block in the set, the lowest of several; undefined when the set is empty. */
export function largestBlock(set: RangeSet): Cidr | undefined {
  for (let length = 0; length <= 32; length++) {
    const block = firstBlock(set, length)
    if (block !== undefined) return block
  }
  return undefined
}

/** Prefix length of the largest block that may begin at this address. */
function alignmentOf(base: Address): number {
  let length = 32
  while (length > 0 && base % sizeOfLength(length - 1) === 0) length--
  return length
}

/** Prefix length of the largest block of at most `count` addresses. */
function lengthThatFits(count: number): number {
  let length = 32
  while (length > 0 && sizeOfLength(length - 1) <= count) length--
  return length
}
