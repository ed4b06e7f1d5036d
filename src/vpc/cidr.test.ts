import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import ipaddr from "ipaddr.js"
import {
  blockOf,
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  holds,
  lastOf,
  overlaps,
  parseAddress,
  parseCidr,
  sizeOf,
} from "./cidr.ts"

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const cidr: fc.Arbitrary<Cidr> = fc
  .tuple(address, fc.integer({ min: 0, max: 32 }))
  .map(([a, length]) => blockOf(a, length))

test("an address survives being written and read, and ipaddr.js writes it the same way", () => {
  fc.assert(
    fc.property(address, (a) => {
      const text = formatAddress(a)
      assert.equal(parseAddress(text), a)
      const octets = ipaddr.IPv4.parse(text).octets
      assert.equal(
        octets.reduce((sum, octet) => sum * 256 + octet, 0),
        a,
      )
    }),
  )
})

test("what is not plain dotted-quad notation is refused", () => {
  for (const text of [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "01.2.3.4",
    "1.2.3.4 ",
    "1.2.3.-4",
    "0x1.2.3.4",
    "::1",
  ]) {
    assert.equal(parseAddress(text), undefined, text)
  }
  for (const text of [
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.1/24",
    "10.0.0.0/08",
    "/24",
    "10.0.0.0/2 ",
  ]) {
    assert.equal(parseCidr(text), undefined, text)
  }
})

test("blocks agree with ipaddr.js on their ends and members", () => {
  fc.assert(
    fc.property(cidr, address, (block, a) => {
      const text = formatCidr(block)
      assert.deepEqual(parseCidr(text), block)
      assert.equal(ipaddr.IPv4.networkAddressFromCIDR(text).toString(), formatAddress(block.base))
      assert.equal(
        ipaddr.IPv4.broadcastAddressFromCIDR(text).toString(),
        formatAddress(lastOf(block)),
      )
      assert.equal(
        holds(block, a),
        ipaddr.IPv4.parse(formatAddress(a)).match(ipaddr.IPv4.parseCIDR(text)),
      )
    }),
  )
})

test("two blocks either nest or are apart", () => {
  fc.assert(
    fc.property(cidr, cidr, (a, b) => {
      const apart = lastOf(a) < b.base || lastOf(b) < a.base
      assert.equal(overlaps(a, b), !apart)
      if (overlaps(a, b)) assert.ok(contains(a, b) || contains(b, a))
      assert.equal(contains(a, b), a.base <= b.base && lastOf(b) <= lastOf(a))
      assert.equal(sizeOf(a), lastOf(a) - a.base + 1)
    }),
  )
})
