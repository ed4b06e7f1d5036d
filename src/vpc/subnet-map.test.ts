import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { formatAddress, formatCidr, parseCidr } from "./cidr.ts"
import type { NetworkInterface, Subnet } from "./model.ts"
import { bestReservation, mapSubnet } from "./subnet-map.ts"

const subnetOf = (cidr: string): Subnet => ({
  id: "subnet-1",
  vpcId: "vpc-1",
  zone: "us-west-2a",
  cidr,
  availableAddresses: 0,
  tags: {},
})

const iface = (id: string, addresses: string[], prefixes: string[] = []): NetworkInterface => ({
  id,
  vpcId: "vpc-1",
  subnetId: "subnet-1",
  zone: "us-west-2a",
  mac: "",
  description: "",
  type: "interface",
  status: "in-use",
  primaryAddress: addresses[0] ?? "",
  addresses: addresses.slice(1),
  prefixes,
  securityGroups: [],
  sourceDestCheck: true,
  tags: {},
})

const must = <T>(value: T | undefined): T => {
  assert.ok(value !== undefined)
  return value
}

test("an empty subnet offers all but AWS's five addresses, and no prefix where those lie", () => {
  for (const [cidr, total, prefixes] of [
    ["10.0.0.0/28", 11, 0],
    ["10.0.0.0/24", 251, 14],
    ["10.0.0.0/19", 8187, 510],
    ["10.0.0.0/16", 65531, 4094],
  ] as const) {
    const map = must(mapSubnet(subnetOf(cidr), []))
    assert.deepEqual(
      [map.total, map.free, map.used, map.freePrefixes, map.fragmentation],
      [total, total, 0, prefixes, 0],
    )
  }
})

test("one address in every block leaves many addresses and no prefix, and says who holds them", () => {
  const spoilers = Array.from({ length: 14 }, (_, i) =>
    iface(`eni-${i + 1}`, [formatAddress(must(parseCidr("10.0.0.0/24")).base + (i + 1) * 16 + 3)]),
  )
  const map = must(mapSubnet(subnetOf("10.0.0.0/24"), spoilers))
  assert.equal(map.free, 251 - 14)
  assert.equal(map.freePrefixes, 0)
  assert.equal(map.fragmentation, 1)
  assert.equal(map.blockers.length, 14)
  assert.deepEqual(
    map.blockers.slice(0, 1).map((b) => [formatCidr(b.block), b.used, b.interfaceIds]),
    [["10.0.0.16/28", 1, ["eni-1"]]],
  )
})

test("prefixes count as used and spoil nothing; other subnets' interfaces do not count", () => {
  const other = { ...iface("eni-9", ["10.0.0.200"]), subnetId: "subnet-2" }
  const map = must(
    mapSubnet(subnetOf("10.0.0.0/24"), [iface("eni-1", ["10.0.0.5"], ["10.0.0.32/28"]), other]),
  )
  assert.deepEqual([map.used, map.usedPrefixes, map.freePrefixes, map.blockers], [17, 1, 13, []])
  assert.equal(map.largestFree && formatCidr(map.largestFree), "10.0.0.64/26")
})

test("the best range to reserve is the one with the fewest used addresses", () => {
  const map = must(
    mapSubnet(subnetOf("10.0.0.0/24"), [iface("eni-1", ["10.0.0.20", "10.0.0.150"])]),
  )
  const best = must(bestReservation(map, 26))
  assert.deepEqual([formatCidr(best.block), best.used], ["10.0.0.64/26", 0])
})

test("used and free always add up, and prefixes never exceed what the free addresses allow", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 4, max: 254 }), { maxLength: 100 }), (offsets) => {
      const base = must(parseCidr("10.0.0.0/24")).base
      const map = must(
        mapSubnet(subnetOf("10.0.0.0/24"), [
          iface(
            "eni-1",
            offsets.map((o) => formatAddress(base + o)),
          ),
        ]),
      )
      assert.equal(map.used, offsets.length)
      assert.equal(map.used + map.free, map.total)
      assert.ok(map.freePrefixes * 16 <= map.free)
      assert.ok(map.fragmentation >= 0 && map.fragmentation <= 1)
      const spoilt = new Set(offsets.map((o) => Math.floor(o / 16)).filter((b) => b > 0 && b < 15))
      assert.equal(map.blockers.length, spoilt.size)
      assert.equal(map.freePrefixes, 14 - spoilt.size)
    }),
  )
})
