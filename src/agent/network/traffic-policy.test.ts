import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { blockOf, formatCidr, holds, parseCidr } from "../../vpc/cidr.ts"
import { policy } from "./testing/vpc-topology.ts"
import { disjoint, staleTrafficRules, trafficRules } from "./traffic-policy.ts"

const mark = { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 }
const service = (to: string) => ({ priority: 1535, to, table: 254 })

test("marked packets have a rule unless neither node ports nor source NAT need one", () => {
  assert.deepEqual(trafficRules(policy), [mark])
  assert.deepEqual(trafficRules({ ...policy, externalSNAT: true }), [mark])
  assert.deepEqual(trafficRules({ ...policy, nodePort: false }), [mark])
  assert.deepEqual(trafficRules({ ...policy, nodePort: false, externalSNAT: true }), [])
})

test("external service CIDRs have a rule each", () => {
  const rules = trafficRules({ ...policy, externalServiceCIDRs: ["203.0.113.0/24", "10.9.0.0/16"] })
  assert.deepEqual(rules, [mark, service("10.9.0.0/16"), service("203.0.113.0/24")])
})

test("rules of an earlier policy are stale, and those of others are not", () => {
  const foreign = [
    { priority: 1024, mark: { value: 0x1, mask: 0xff }, table: 254 },
    { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 9 },
    { priority: 1024, from: "10.0.0.1/32", table: 254 },
    { ...service("10.1.0.0/16"), incoming: "eth7" },
    { priority: 1534, to: "10.1.0.0/16", table: 254 },
  ]
  const old = [{ ...mark, mark: { value: 0x100, mask: 0x100 } }, service("10.2.0.0/16")]
  assert.deepEqual(staleTrafficRules([...foreign, ...old, mark], policy), old)
  const none = { ...policy, nodePort: false, externalSNAT: true }
  assert.deepEqual(staleTrafficRules([mark], none), [mark])
})

test("blocks are made disjoint without losing or adding an address", () => {
  const blocks = fc
    .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 32 }))
    .map(([address, length]) => blockOf(address, length))
  const near = fc.integer({ min: 0, max: 0xffff_ffff })
  fc.assert(
    fc.property(fc.array(blocks, { maxLength: 12 }), near, (all, address) => {
      const kept = disjoint(all.map(formatCidr)).map((text) => parseCidr(text)!)
      const covered = (of: typeof all) => of.filter((block) => holds(block, address)).length
      assert.equal(covered(kept), covered(all) > 0 ? 1 : 0)
      for (const { base } of all) assert.equal(kept.filter((block) => holds(block, base)).length, 1)
    }),
  )
})
