import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeInterface, Offer, WarmTargets } from "../api/nodenetwork.ts"
import { decideOffers, defaultOfferTimes, type OfferDecision } from "./offers.ts"
import { Pool, type PoolConfig } from "./pool.ts"
import { addresses, iface, primary } from "./testing/objects.ts"

const minute = 60_000
const key = (id: string) => ({ network: "aws-cni", containerID: id, ifName: "eth0" })

interface Scene {
  readonly interfaces: NodeInterface[]
  readonly targets?: Partial<WarmTargets>
  readonly config?: Partial<PoolConfig>
  /** Pods per placement that hold an address. */
  readonly pods?: number
  readonly waiting?: Record<string, number>
  readonly noSlot?: readonly string[]
}

function sceneOf({ interfaces, config, pods = 0, ...scene }: Scene) {
  const pool = new Pool({
    customNetworking: true,
    prefixDelegation: false,
    cooldownMs: 30_000,
    ...config,
  })
  pool.adopt(interfaces, 0)
  for (const { id } of interfaces) pool.setOpen(id, true)
  for (let i = 0; i < pods; i++) {
    const pod = { namespace: "shop", name: `p${i}` }
    assert.equal(pool.assign({ key: key(`p${i}`), pod, placement: "node" }, 0).kind, "assigned")
  }
  const waiting = new Map(Object.entries(scene.waiting ?? {}))
  const limits = { interfaces: 8, addressesPerInterface: 30, prefixes: true }
  const noSlot = new Set(scene.noSlot)
  const targets = { maxPods: 110, ...scene.targets }
  const decide = (now: number, memory: OfferDecision["memory"] = new Map()) =>
    decideOffers({ pool, targets, waiting, limits, noSlot, memory, times: defaultOfferTimes, now })
  /** The offers made once the surplus has lasted. */
  const settled = (): readonly Offer[] => decide(2 * minute, decide(minute).memory).offers
  return { pool, decide, settled }
}

const count = (offers: readonly Offer[]) => ({
  whole: offers
    .filter((o) => o.address === undefined && o.prefix === undefined)
    .map((o) => o.interfaceID),
  singles: offers.filter((o) => o.address !== undefined).length,
  prefixes: offers.filter((o) => o.prefix !== undefined).length,
})

const full = (n: number, more: Partial<NodeInterface> = {}) =>
  iface(`eni-${n}`, { addresses: addresses(29, n), ...more })

test("a surplus goes only after it has lasted, and only what was superfluous all the time", () => {
  const { pool, decide } = sceneOf({ interfaces: [full(1)], targets: { warmIP: 5 }, pods: 4 })
  const first = decide(0)
  assert.deepEqual(first.offers, [])
  assert.equal(first.nextAt, minute)
  for (let i = 0; i < 10; i++) {
    pool.assign({ key: key(`q${i}`), pod: { namespace: "shop", name: "q" }, placement: "node" }, 1)
  }
  const busy = decide(30_000, first.memory)
  for (let i = 0; i < 10; i++) pool.release(key(`q${i}`), 30_000)
  const later = decide(minute + 1000, busy.memory)
  // 29 addresses, 4 held and 5 warm: 20 too many now, but 10 of them were needed half a minute ago.
  assert.deepEqual(count(later.offers), { whole: [], singles: 10, prefixes: 0 })
})

test("a need that comes back ends the wait", () => {
  const { pool, decide } = sceneOf({
    interfaces: [iface("eni-1", { addresses: addresses(6) })],
    targets: { warmIP: 5 },
  })
  const first = decide(0)
  pool.assign({ key: key("p"), pod: { namespace: "shop", name: "p" }, placement: "node" }, 1)
  const second = decide(1000, first.memory)
  assert.equal(second.nextAt, undefined)
  pool.cancel(key("p"), 0)
  assert.deepEqual(decide(minute, second.memory).offers, [])
})

test("address targets are met exactly once the surplus is gone", () => {
  const targets = { warmIP: 5, minimumIP: 10 }
  const { settled } = sceneOf({ interfaces: [full(1)], targets, pods: 7 })
  assert.deepEqual(count(settled()), { whole: [], singles: 29 - 12, prefixes: 0 })
  const idle = sceneOf({ interfaces: [full(1)], targets })
  assert.deepEqual(count(idle.settled()), { whole: [], singles: 29 - 10, prefixes: 0 })
})

test("an empty interface that is too much goes whole, the emptiest first, and addresses after it", () => {
  const { settled } = sceneOf({ interfaces: [full(1), full(2)], targets: { warmIP: 3 }, pods: 10 })
  assert.deepEqual(count(settled()), { whole: ["eni-2"], singles: 16, prefixes: 0 })
})

test("with WARM_ENI_TARGET an interface goes when another whole one stays free, and never single addresses", () => {
  const two = sceneOf({ interfaces: [full(1), full(2)], pods: 5 })
  assert.deepEqual(two.settled(), [])
  const three = sceneOf({ interfaces: [full(1), full(2), full(3)], pods: 5 })
  assert.deepEqual(count(three.settled()), { whole: ["eni-3"], singles: 0, prefixes: 0 })
})

test("WARM_PREFIX_TARGET keeps that many empty prefixes", () => {
  const prefixes = Array.from({ length: 5 }, (_, i) => `100.64.7.${i * 16}/28`)
  const own = iface("eni-1", { prefixes })
  const config = { prefixDelegation: true }
  const kept = (warmPrefix: number, pods: number) => {
    const { settled } = sceneOf({ interfaces: [own], targets: { warmPrefix }, config, pods })
    return 5 - count(settled()).prefixes
  }
  assert.deepEqual([kept(1, 0), kept(1, 5), kept(1, 16), kept(1, 17), kept(2, 5)], [1, 2, 2, 3, 3])
  // At a target of zero one free address is kept, or the pool would buy and return a prefix for ever.
  assert.deepEqual([kept(0, 0), kept(0, 15), kept(0, 16)], [1, 1, 2])
})

test("a node that has changed to prefixes returns its free single addresses, and the other way round", () => {
  const mixed = iface("eni-1", {
    addresses: addresses(5),
    prefixes: ["100.64.7.0/28", "100.64.7.16/28"],
  })
  const toPrefixes = sceneOf({
    interfaces: [mixed],
    config: { prefixDelegation: true },
    targets: { warmPrefix: 2 },
  })
  assert.deepEqual(count(toPrefixes.settled()), { whole: [], singles: 5, prefixes: 0 })
  const toSingles = sceneOf({ interfaces: [mixed], targets: { warmIP: 5 } })
  assert.deepEqual(count(toSingles.settled()), { whole: [], singles: 0, prefixes: 2 })
})

test("W18: nothing goes while an address of it cools down", () => {
  const { pool, decide } = sceneOf({
    interfaces: [full(1), full(2)],
    targets: { warmIP: 1 },
    pods: 30,
  })
  const first = decide(0)
  for (let i = 0; i < 30; i++) pool.release(key(`p${i}`), minute)
  const then = decide(minute + 1, first.memory)
  assert.ok(then.offers.every((offer) => offer.address !== undefined))
  const held = new Set([...pool.cooling()].map((c) => c.address))
  assert.ok(then.offers.every((offer) => !held.has(offer.address ?? "")))
})

test("a young interface stays", () => {
  const { pool, decide } = sceneOf({ interfaces: [full(1)], targets: { warmIP: 1 } })
  const first = decide(0)
  pool.adopt([full(1), full(2)], minute - 1)
  const { offers } = decide(minute + 1000, decide(minute - 1, first.memory).memory)
  assert.deepEqual(count(offers).whole, [])
})

test("an empty draining interface goes at once and whole; one with pods gives back its free addresses in time", () => {
  const pods = sceneOf({ interfaces: [full(1)], pods: 3 })
  const old = full(1, { state: "Draining" })
  pods.pool.adopt([old], 1)
  assert.deepEqual(pods.decide(1).offers, [])
  assert.deepEqual(count(pods.settled()), { whole: [], singles: 26, prefixes: 0 })
  const empty = sceneOf({ interfaces: [old] })
  assert.deepEqual(empty.decide(0).offers, [{ interfaceID: "eni-1" }])
})

test("a draining interface is looked at again when its last address has cooled down", () => {
  const { pool, decide } = sceneOf({ interfaces: [full(1)], pods: 1 })
  pool.adopt([full(1, { state: "Draining" })], 1)
  pool.release(key("p0"), 5_000)
  const { nextAt = 0, memory } = decide(5_000)
  assert.equal(nextAt, 35_000)
  assert.deepEqual(count(decide(nextAt, memory).offers).whole, ["eni-1"])
})

test("with custom networking what the primary ENI has from before is given back, and the ENI never", () => {
  const before = { ...primary, addresses: addresses(4, 9), prefixes: ["100.64.7.0/28"] }
  const { settled } = sceneOf({ interfaces: [before, full(1)] })
  assert.deepEqual(count(settled()), { whole: [], singles: 4, prefixes: 1 })
  const off = sceneOf({
    interfaces: [before],
    config: { customNetworking: false },
    targets: { warmIP: 2 },
  })
  assert.deepEqual(count(off.settled()).whole, [])
})

test("an idle warm interface makes way at once when pods of another placement find no slot, one at a time", () => {
  const scene = { interfaces: [primary, full(1), full(2), full(3)], pods: 5 }
  assert.deepEqual(sceneOf(scene).decide(minute).offers, [])
  const pressed = { ...scene, waiting: { "pool:blue": 1 }, noSlot: ["pool:blue"] }
  const { pool, decide } = sceneOf(pressed)
  assert.deepEqual(decide(1).offers, [{ interfaceID: "eni-3" }])
  pool.offer(decide(1).offers, 1)
  assert.deepEqual(decide(2).offers, [])
  const room = sceneOf({ ...scene, waiting: { "pool:blue": 1 } })
  assert.deepEqual(room.decide(minute).offers, [])
})

test("an interface that waiting pods of its own placement need makes no way for others", () => {
  const waiting = { node: 30, "pool:blue": 1 }
  const scene = { interfaces: [primary, full(1), full(2)], pods: 5, waiting }
  assert.deepEqual(sceneOf({ ...scene, noSlot: ["pool:blue"] }).decide(1).offers, [])
})

test("the pool of pods that chose one shrinks to nothing when they are gone", () => {
  const { settled } = sceneOf({ interfaces: [full(1, { placement: "pool:blue" })] })
  assert.deepEqual(count(settled()).whole, ["eni-1"])
})

test("waiting pods keep what is free", () => {
  const { settled } = sceneOf({
    interfaces: [iface("eni-1", { addresses: addresses(5) })],
    targets: { warmIP: 1 },
    waiting: { node: 4 },
  })
  assert.deepEqual(settled(), [])
})
