import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { formatCidr, lastOf, sizeOfLength } from "./cidr.ts"
import {
  blocksIn,
  countBlocks,
  countOf,
  firstBlock,
  includes,
  intersect,
  largestBlock,
  type RangeSet,
  rangeOf,
  rangeSet,
  subtract,
  summarise,
  union,
} from "./range-set.ts"

// The model: plain sets of numbers in a space of 256 addresses, which ends where IPv4 ends.
const origin = 2 ** 32 - 256
const ranges = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 40 })), {
    maxLength: 12,
  })
  .map((list) =>
    list.map(([start, size]) => ({
      first: origin + start,
      last: origin + Math.min(255, start + size),
    })),
  )
const set = ranges.map(rangeSet)

const membersOf = (s: Iterable<{ first: number; last: number }>): Set<number> => {
  const members = new Set<number>()
  for (const { first, last } of s) for (let a = first; a <= last; a++) members.add(a)
  return members
}

function assertNormal(s: RangeSet) {
  for (const [i, range] of s.entries()) {
    assert.ok(range.first <= range.last)
    const before = s[i - 1]
    if (before !== undefined) assert.ok(range.first > before.last + 1, "ranges overlap or touch")
  }
}

test("a set has the members of its ranges, in normal form", () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const s = rangeSet(list)
      assertNormal(s)
      assert.deepEqual(membersOf(s), membersOf(list))
      assert.equal(countOf(s), membersOf(list).size)
    }),
  )
})

test("union, difference and intersection agree with plain sets", () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const [x, y] = [membersOf(a), membersOf(b)]
      for (const [result, expected] of [
        [union(a, b), x.union(y)],
        [subtract(a, b), x.difference(y)],
        [intersect(a, b), x.intersection(y)],
      ] as const) {
        assertNormal(result)
        assert.deepEqual([...membersOf(result)].sort(), [...expected].sort())
      }
    }),
  )
})

test("membership agrees with plain sets", () => {
  fc.assert(
    fc.property(set, fc.integer({ min: 0, max: 255 }), (s, offset) => {
      assert.equal(includes(s, origin + offset), membersOf(s).has(origin + offset))
    }),
  )
})

test("a summary covers exactly the set, in aligned blocks that could not be fewer", () => {
  fc.assert(
    fc.property(set, (s) => {
      const blocks = [...summarise(s)]
      assert.deepEqual(rangeSet(blocks.map(rangeOf)), s)
      assert.equal(
        blocks.reduce((sum, block) => sum + sizeOfLength(block.length), 0),
        countOf(s),
      )
      for (const [i, block] of blocks.entries()) {
        const next = blocks[i + 1]
        const twins =
          next !== undefined && next.length === block.length && next.base === lastOf(block) + 1
        assert.ok(
          !twins || block.base % sizeOfLength(block.length - 1) !== 0,
          "two blocks make one",
        )
      }
    }),
  )
})

test("free blocks are found, counted and ranked as a scan would", () => {
  fc.assert(
    fc.property(set, fc.integer({ min: 24, max: 32 }), (s, length) => {
      const members = membersOf(s)
      const size = sizeOfLength(length)
      const expected: number[] = []
      for (let base = origin; base < 2 ** 32; base += size) {
        if (Array.from({ length: size }, (_, i) => base + i).every((a) => members.has(a)))
          expected.push(base)
      }
      assert.deepEqual(
        [...blocksIn(s, length)].map((b) => b.base),
        expected,
      )
      assert.equal(countBlocks(s, length), expected.length)
      assert.equal(firstBlock(s, length)?.base, expected[0])
      const largest = largestBlock(s)
      assert.equal(largest === undefined, members.size === 0)
      if (expected.length > 0)
        assert.ok(largest && largest.length <= length, largest && formatCidr(largest))
    }),
  )
})
