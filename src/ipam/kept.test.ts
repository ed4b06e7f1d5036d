import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeInterface } from "../api/nodenetwork.ts"
import { decideOffers } from "./offers.ts"
import { type AssignRequest, Pool, type PoolConfig } from "./pool.ts"
import { assertConsistent } from "./testing/consistent.ts"
import { addresses, iface } from "./testing/objects.ts"

const config: PoolConfig = { customNetworking: true, prefixDelegation: false, cooldownMs: 30_000 }
const hour = 3_600_000
const key = (id: string) => ({ network: "aws-cni", containerID: id, ifName: "eth0" })

const poolOf = (
  interfaces: readonly NodeInterface[],
  memory?: ConstructorParameters<typeof Pool>[1],
) => {
  const pool = new Pool(config, memory)
  pool.adopt(interfaces, 0)
  for (const { id } of interfaces) pool.setOpen(id, true)
  return pool
}

/** A sandbox of the pod db-0, or of another. */
function start(pool: Pool, id: string, now: number, more: Partial<AssignRequest> = {}) {
  const pod = { namespace: "bank", name: "db-0" }
  const result = pool.assign({ key: key(id), pod, placement: "node", keepMs: hour, ...more }, now)
  assertConsistent(pool)
  return result.kind === "assigned"
    ? { address: result.held.address, why: result.notKept?.why }
    : { address: undefined, why: undefined }
}
const other = (name: string) => ({ pod: { namespace: "bank", name }, keepMs: undefined })

test("the next pod of the name has the address at once, without its cool-down; no other pod gets it", () => {
  const pool = poolOf([iface("eni-1", { addresses: addresses(2) })])
  const first = start(pool, "a", 0)
  pool.release(key("a"), 1_000)
  assert.notEqual(start(pool, "b", 2_000, other("db-1")).address, first.address)
  assert.equal(start(pool, "c", 40_000, other("db-2")).address, undefined)
  assert.deepEqual(start(pool, "d", 50_000), first)
})

test("a pod that comes back after the time is told so, and others get the address then", () => {
  const pool = poolOf([iface("eni-1", { addresses: addresses(2) })])
  start(pool, "a", 0)
  pool.release(key("a"), 0)
  assert.equal(pool.nextFreeAt(), hour)
  assert.ok(start(pool, "b", hour, other("web")).address)
  assert.ok(start(pool, "c", hour, other("web2")).address)
  pool.release(key("c"), hour)
  const late = start(pool, "d", hour + 30_000)
  assert.match(late.why ?? "", /kept for 3600 s, until 1970-01-01T01:00:00/)
  assert.equal(start(pool, "e", hour + 60_000).why, undefined)
})

test("an address of an interface that drains, is gone or serves another placement is not kept, with the reason", () => {
  const two = [
    iface("eni-1", { addresses: addresses(1) }),
    iface("eni-2", { addresses: addresses(1, 1) }),
  ]
  const [first, second] = two as [NodeInterface, NodeInterface]
  const cases: [NodeInterface, RegExp][] = [
    [{ ...first, state: "Draining" }, /being given up/],
    [{ ...first, addresses: [] }, /does not have it any more/],
  ]
  for (const [after, why] of cases) {
    const pool = poolOf(two)
    assert.equal(start(pool, "a", 0).address, "100.64.0.10")
    pool.release(key("a"), 0)
    pool.adopt([after, second], 1)
    assertConsistent(pool)
    assert.match(start(pool, "b", 2).why ?? "", why)
  }
  const pool = poolOf([first, { ...second, placement: "pool:blue" }])
  start(pool, "a", 0)
  pool.release(key("a"), 0)
  assert.match(
    start(pool, "b", 1, { placement: "pool:blue" }).why ?? "",
    /placement is pool:blue now/,
  )
})

test("a kept address survives a restart, and waits for its interface", () => {
  const live = [iface("eni-1", { addresses: addresses(2) })]
  const before = poolOf(live)
  const { address } = start(before, "a", 0)
  const kept = before.release(key("a"), 0)?.kept
  const pool = new Pool(config, { held: [], cooling: [], offers: [], kept: kept ? [kept] : [] })
  assert.equal(start(pool, "b", 1).address, undefined)
  pool.adopt(live, 2)
  assert.equal(start(pool, "b", 3).address, undefined, "the kernel's side is not set up")
  pool.setOpen("eni-1", true)
  assert.equal(start(pool, "b", 4).address, address)
})

test("a pod does not wait for ever for an interface that cannot be set up", () => {
  const pool = poolOf([
    iface("eni-1", { addresses: addresses(1) }),
    iface("eni-2", { addresses: addresses(1, 1) }),
  ])
  const { address } = start(pool, "a", 0)
  pool.release(key("a"), 0)
  pool.setOpen(address === "100.64.0.10" ? "eni-1" : "eni-2", false)
  assert.equal(start(pool, "b", 30_000).address, undefined)
  assert.match(start(pool, "b", 30_001).why ?? "", /cannot be set up on the node/)
})

test("an address on its way back to EC2 is not kept, although a journal from before still says so", () => {
  const live = [iface("eni-1", { addresses: addresses(2) })]
  const before = poolOf(live)
  const { address = "" } = start(before, "a", 0)
  const kept = before.release(key("a"), 0)?.kept
  const offers = [{ interfaceID: "eni-1", address }]
  const pool = poolOf(live, { held: [], cooling: [], offers, kept: kept ? [kept] : [] })
  const next = start(pool, "b", 1)
  assert.ok(next.address !== undefined && next.address !== address)
  assert.match(next.why ?? "", /on its way back to EC2/)
})

test("a kept address is not given back to EC2, nor is its interface", () => {
  const pool = poolOf([iface("eni-1", { addresses: addresses(4) })])
  start(pool, "a", 0)
  pool.release(key("a"), 0)
  const decide = (now: number, memory = new Map()) =>
    decideOffers({
      ...{
        pool,
        targets: { maxPods: 110, warmIP: 1 },
        waiting: new Map(),
        noSlot: new Set(),
        memory,
      },
      limits: { interfaces: 4, addressesPerInterface: 15, prefixes: false },
      times: { shrinkDelayMs: 1_000, minInterfaceAgeMs: 0 },
      now,
    })
  const { offers } = decide(62_000, new Map(decide(60_000).memory))
  assert.equal(offers.length, 2)
  assert.ok(offers.every((o) => o.address !== undefined && o.address !== "100.64.0.10"))
})
