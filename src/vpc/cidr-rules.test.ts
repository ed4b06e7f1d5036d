import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { blockOf, type Cidr, formatCidr, overlaps, parseCidr } from "./cidr.ts"
import { checkAssociation, proposeBlocks } from "./cidr-rules.ts"

const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text)
  assert.ok(parsed, text)
  return parsed
}

const allowed = (has: string[], candidate: string) =>
  checkAssociation(cidr(candidate), { blocks: has.map(cidr) }).allowed

// The table "IPv4 CIDR block association restrictions" of the VPC user guide, cell by cell.
const table: [has: string, may: string[], mayNot: string[]][] = [
  [
    "10.20.0.0/16",
    ["10.30.0.0/16", "10.0.0.0/16", "100.64.0.0/16", "8.8.0.0/16", "198.18.0.0/16"],
    ["172.16.0.0/16", "192.168.0.0/16", "198.19.0.0/16", "10.20.128.0/20", "169.254.0.0/16"],
  ],
  ["10.1.0.0/16", ["10.2.0.0/16"], ["10.0.0.0/16", "10.0.5.0/24"]],
  [
    "172.16.0.0/16",
    ["172.20.0.0/16", "100.64.0.0/16", "8.8.0.0/16"],
    ["10.0.0.0/16", "192.168.0.0/16", "172.31.0.0/16", "198.19.0.0/16"],
  ],
  [
    "192.168.0.0/20",
    ["192.168.128.0/20", "100.64.0.0/16", "8.8.0.0/16"],
    ["10.0.0.0/16", "172.16.0.0/16", "198.19.0.0/16"],
  ],
  [
    "198.19.0.0/20",
    ["100.64.0.0/16", "8.8.0.0/16"],
    ["10.0.0.0/16", "172.16.0.0/16", "192.168.128.0/20"],
  ],
  [
    "100.64.0.0/16",
    ["100.65.0.0/16", "8.8.0.0/16"],
    ["10.0.0.0/16", "172.16.0.0/16", "192.168.0.0/16", "198.19.0.0/16"],
  ],
  [
    "8.8.0.0/16",
    ["100.64.0.0/16", "9.9.0.0/16"],
    ["10.0.0.0/16", "172.16.0.0/16", "192.168.0.0/16", "198.19.0.0/16"],
  ],
]

for (const [has, may, mayNot] of table) {
  test(`a VPC with ${has} follows its row of the association table`, () => {
    for (const candidate of may) assert.ok(allowed([has], candidate), `${candidate} may be added`)
    for (const candidate of mayNot) assert.ok(!allowed([has], candidate), `${candidate} may not`)
  })
}

test("each block of the VPC restricts what may be added", () => {
  assert.ok(allowed(["10.20.0.0/16"], "10.30.0.0/16"))
  assert.ok(!allowed(["10.20.0.0/16", "100.64.0.0/16"], "10.30.0.0/16"))
})

test("size, routes, quota and pending peering are named", () => {
  const blocks = [cidr("10.20.0.0/16")]
  const refusals = (text: string, more = {}) =>
    checkAssociation(cidr(text), { blocks, ...more }).refusals.join("\n")
  assert.match(refusals("100.64.0.0/15"), /not between \/16 and \/28/)
  assert.match(refusals("100.64.0.0/29"), /not between/)
  const routes = [cidr("100.64.4.0/24")]
  assert.match(refusals("100.64.0.0/16", { routes }), /larger than the route to 100\.64\.4\.0\/24/)
  assert.match(refusals("100.64.4.0/24", { routes }), /as large as/)
  assert.equal(refusals("100.64.4.0/25", { routes }), "")
  assert.match(refusals("100.64.0.0/16", { quota: 1 }), /quota is 1/)
  assert.match(refusals("100.64.0.0/16", { pendingPeering: true }), /peering/)
})

test("what AWS accepts and yet collides is a warning", () => {
  const blocks = [cidr("172.16.0.0/16")]
  const avoid = [{ block: cidr("100.64.0.0/16"), what: "cluster blue" }]
  assert.deepEqual(checkAssociation(cidr("100.64.0.0/17"), { blocks, avoid }).warnings, [
    "100.64.0.0/16 is used by cluster blue",
  ])
  assert.match(checkAssociation(cidr("172.17.0.0/20"), { blocks }).warnings.join(), /Docker/)
})

test("proposals are legal, apart from each other, and clear of what is to be avoided", () => {
  const length = fc.integer({ min: 16, max: 28 })
  const own = fc.constantFrom(
    "10.0.0.0/16",
    "10.1.0.0/16",
    "172.16.0.0/16",
    "192.168.0.0/16",
    "100.64.0.0/16",
  )
  const other = fc
    .tuple(
      fc.integer({ min: cidr("100.64.0.0/10").base, max: cidr("100.127.255.255/32").base }),
      length,
    )
    .map(([a, l]) => blockOf(a, l))
  fc.assert(
    fc.property(own, length, fc.array(other, { maxLength: 3 }), (has, wanted, others) => {
      const avoid = others.map((block) => ({ block, what: "a peer" }))
      const context = { blocks: [cidr(has)], avoid }
      const found = proposeBlocks(wanted, 3, context)
      assert.equal(found.length, 3)
      for (const [i, block] of found.entries()) {
        assert.deepEqual(checkAssociation(block, context), {
          allowed: true,
          refusals: [],
          warnings: [],
        })
        assert.ok(found.slice(i + 1).every((later) => !overlaps(block, later)))
      }
    }),
    { numRuns: 50 },
  )
  assert.deepEqual(proposeBlocks(16, 1, { blocks: [cidr("10.0.0.0/16")] }).map(formatCidr), [
    "100.64.0.0/16",
  ])
})
