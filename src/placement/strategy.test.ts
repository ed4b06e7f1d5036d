import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { SubnetStrategy } from "../api/subnetpool.ts"
import { rankSubnets, type SubnetSupply } from "./strategy.ts"
import { subnetOf } from "./testing/facts.ts"

const option = (id: string, more: { weight?: number; reserve?: number } = {}) => ({
  subnet: subnetOf(id, "us-west-2a"),
  weight: 1,
  reserve: 0,
  ...more,
})

const one = { kind: "address", count: 1, newInterface: false } as const

const ranking = (
  strategy: SubnetStrategy,
  supply: Record<string, SubnetSupply>,
  need: Parameters<typeof rankSubnets>[2] = one,
  options = Object.keys(supply).map((id) => option(id)),
) => {
  const { ranked, trace } = rankSubnets(
    { strategy, subnets: options },
    new Map(Object.entries(supply)),
    need,
    1000,
  )
  return { ids: ranked.map((r) => r.option.subnet.id), rooms: ranked.map((r) => r.room), trace }
}

test("MostFree ranks by free addresses, MostFreePrefixes by whole blocks, Ordered by the order given", () => {
  const supply = {
    a: { free: 100, freePrefixes: 1 },
    b: { free: 300, freePrefixes: 0 },
    c: { free: 200, freePrefixes: 9 },
  }
  assert.deepEqual(ranking("MostFree", supply).ids, ["b", "c", "a"])
  assert.deepEqual(ranking("MostFreePrefixes", supply).ids, ["c", "a", "b"])
  assert.deepEqual(ranking("Ordered", supply).ids, ["a", "b", "c"])
})

test("Weighted fills subnets in proportion", () => {
  const options = [option("a", { weight: 3 }), option("b", { weight: 1 })]
  const held: Record<string, number> = { a: 0, b: 0 }
  for (let i = 0; i < 400; i++) {
    const supply = Object.fromEntries(
      Object.entries(held).map(([id, n]) => [id, { free: 1000, held: n }]),
    )
    const [first = ""] = ranking("Weighted", supply, one, options).ids
    held[first] = (held[first] ?? 0) + 1
  }
  assert.deepEqual(held, { a: 300, b: 100 })
})

test("a reserve is left to others, and a new interface needs one address for itself", () => {
  const supply = { a: { free: 10 } }
  const options = [option("a", { reserve: 8 })]
  assert.deepEqual(ranking("Ordered", supply, one, options).rooms, [2])
  assert.deepEqual(ranking("Ordered", supply, { ...one, newInterface: true }, options).rooms, [1])
  assert.deepEqual(ranking("Ordered", { a: { free: 1 } }, { ...one, newInterface: true }).ids, [])
})

test("prefixes are limited by whole blocks and by addresses", () => {
  const prefix = { kind: "prefix", count: 1, newInterface: true } as const
  assert.deepEqual(ranking("Ordered", { a: { free: 100, freePrefixes: 2 } }, prefix).rooms, [2])
  // Every free address lies in one of the two blocks: the interface's own address breaks one.
  assert.deepEqual(ranking("Ordered", { a: { free: 32, freePrefixes: 2 } }, prefix).rooms, [1])
  assert.deepEqual(ranking("Ordered", { a: { free: 500, freePrefixes: 0 } }, prefix).ids, [])
  assert.deepEqual(ranking("Ordered", { a: { free: 100 } }, prefix).rooms, [6])
})

test("a refused subnet rests, for prefixes only if only those were refused", () => {
  const rest = (kind: "address" | "prefix", until: number) => ({
    a: { free: 100, backoffs: [{ kind, until, code: "ec2/subnet-full" }] },
  })
  const prefix = { kind: "prefix", count: 1, newInterface: false } as const
  assert.deepEqual(ranking("Ordered", rest("address", 2000)).ids, [])
  assert.deepEqual(ranking("Ordered", rest("address", 2000), prefix).ids, [])
  assert.deepEqual(ranking("Ordered", rest("prefix", 2000), prefix).ids, [])
  assert.deepEqual(ranking("Ordered", rest("prefix", 2000)).ids, ["a"])
  assert.deepEqual(ranking("Ordered", rest("address", 1000)).ids, ["a"])
  assert.match(ranking("Ordered", rest("address", 2000)).trace[0]?.why ?? "", /tried again in 1 s/)
})

test("a subnet that can serve the whole need comes before one that cannot", () => {
  const supply = { a: { free: 3 }, b: { free: 50 } }
  assert.deepEqual(ranking("Ordered", supply, { ...one, count: 10 }).ids, ["b", "a"])
})

const strategies: SubnetStrategy[] = ["MostFree", "MostFreePrefixes", "Ordered", "Weighted"]
const supplies = fc.dictionary(
  fc.constantFrom("a", "b", "c", "d", "e"),
  fc.record(
    { free: fc.nat(300), freePrefixes: fc.nat(20), held: fc.nat(100) },
    { requiredKeys: ["free"] },
  ),
  { noNullPrototype: true },
)
const need = fc.record({
  kind: fc.constantFrom("address" as const, "prefix" as const),
  count: fc.integer({ min: 1, max: 30 }),
  newInterface: fc.boolean(),
})

test("every candidate is in the trace, exactly the usable ones are ranked, and the answer is always the same", () => {
  fc.assert(
    fc.property(fc.constantFrom(...strategies), supplies, need, (strategy, supply, n) => {
      const { ids, rooms, trace } = ranking(strategy, supply, n)
      assert.deepEqual(
        trace.map((step) => step.subject),
        Object.keys(supply),
      )
      const usable = trace.filter((step) => step.verdict !== "refused").map((step) => step.subject)
      assert.deepEqual([...ids].sort(), usable.sort())
      assert.ok(rooms.every((room) => room > 0))
      assert.equal(trace.find((step) => step.verdict === "chosen")?.subject, ids[0])
      assert.deepEqual(ranking(strategy, supply, n).ids, ids)
    }),
  )
})

test("1,000 nodes that ask a ledger in turn fill six subnets evenly and oversubscribe none", () => {
  const free = Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((id) => [id, 8187]))
  for (let node = 0; node < 1000; node++) {
    const supply = Object.fromEntries(Object.entries(free).map(([id, n]) => [id, { free: n }]))
    const [first = ""] = ranking("MostFree", supply, {
      kind: "address",
      count: 29,
      newInterface: true,
    }).ids
    free[first] = (free[first] ?? 0) - 30
  }
  const used = Object.values(free).map((n) => 8187 - n)
  const mean = used.reduce((a, b) => a + b) / used.length
  assert.ok(Math.max(...used) / mean <= 1.05)
  assert.ok(Object.values(free).every((n) => n >= 0))
})
