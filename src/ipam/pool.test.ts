import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { NodeInterface } from "../api/nodenetwork.ts"
import { demandOf } from "./demand.ts"
import { branchPlacement } from "./held.ts"
import { type AssignRequest, Pool, type PoolConfig, type PoolMemory } from "./pool.ts"
import { assertConsistent } from "./testing/consistent.ts"
import { addresses, iface, primary } from "./testing/objects.ts"

const config: PoolConfig = { customNetworking: true, prefixDelegation: false, cooldownMs: 30_000 }
const key = (id: string) => ({ network: "aws-cni", containerID: id, ifName: "eth0" })
const request = (id: string, more: Partial<AssignRequest> = {}): AssignRequest => ({
  key: key(id),
  pod: { namespace: "shop", name: id },
  placement: "node",
  ...more,
})

/** A pool with these interfaces, all open. */
function poolWith(
  interfaces: NodeInterface[],
  changes: Partial<PoolConfig> = {},
  memory?: PoolMemory,
): Pool {
  const pool = new Pool({ ...config, ...changes }, memory)
  pool.adopt(interfaces, 0)
  for (const { id } of interfaces) pool.setOpen(id, true)
  return pool
}

function assigned(pool: Pool, id: string, now = 0, more: Partial<AssignRequest> = {}) {
  const result = pool.assign(request(id, more), now)
  assert.ok(result.kind === "assigned", `${id} waits: ${JSON.stringify(result)}`)
  return result.held
}

function waits(pool: Pool, id: string, now = 0, more: Partial<AssignRequest> = {}) {
  const result = pool.assign(request(id, more), now)
  assert.ok(result.kind === "wait", `${id} got an address`)
  return result.shortage
}

test("an address of a branch that comes back within its cool-down delays no other's", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(1) })])
  const { key: sandbox, pod } = request("b")
  const own = { address: "10.42.10.154", interfaceID: "eni-b", placement: branchPlacement }
  const hold = () => pool.hold({ ...own, key: sandbox, pod, assignedAt: 0 })
  hold()
  pool.release(key("b"), 0)
  const { address } = assigned(pool, "a")
  pool.release(key("a"), 15_000)
  hold()
  pool.release(key("b"), 20_000)
  assert.equal(assigned(pool, "c", 45_000).address, address)
})

test("asking twice gives the same address, and says that it is not new", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(2) })])
  const first = assigned(pool, "a")
  assert.deepEqual(pool.assign(request("a"), 5), { kind: "assigned", held: first, fresh: false })
  assert.deepEqual(pool.find(key("a")), first)
  assert.equal([...pool.held()].length, 1)
})

test("the primary ENI gives nothing with custom networking, and gives without", () => {
  const own = { ...primary, addresses: addresses(1) }
  assert.equal(waits(poolWith([own]), "a").interfaces, 0)
  assigned(poolWith([own], { customNetworking: false }), "a")
})

test("only a ready, open interface of the same placement gives addresses", () => {
  const place = { addresses: addresses(1) }
  for (const state of ["Draining", "Releasing", "Foreign"] as const) {
    waits(poolWith([iface("eni-1", { ...place, state })]), "a")
  }
  waits(poolWith([iface("eni-1", { ...place, placement: "pool:blue" })]), "a")
  const closed = poolWith([iface("eni-1", place)])
  closed.setOpen("eni-1", false)
  assert.equal(waits(closed, "a").settingUp, 1)
  // The link may be there before the controller has said so.
  assigned(poolWith([iface("eni-1", { ...place, state: "Attaching" })]), "a")
})

test("a released address cools down, then serves again", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(1) })])
  const { address } = assigned(pool, "a", 0)
  const released = pool.release(key("a"), 1000)
  assert.deepEqual(released?.cooling, { address, interfaceID: "eni-1", until: 31_000 })
  const shortage = waits(pool, "b", 30_999)
  assert.deepEqual([shortage.cooling, shortage.free, shortage.nextFreeAt], [1, 0, 31_000])
  assert.equal(pool.nextFreeAt(), 31_000)
  assert.equal(assigned(pool, "b", 31_000).address, address)
})

test("releasing twice, or what was never assigned, is nothing", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(1) })])
  assigned(pool, "a")
  assert.ok(pool.release(key("a"), 0))
  assert.equal(pool.release(key("a"), 0), undefined)
  assert.equal(pool.release(key("b"), 0), undefined)
})

test("a cancelled assignment leaves no trace and no cool-down", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(1) })])
  assigned(pool, "a")
  pool.cancel(key("a"), 0)
  assigned(pool, "b")
})

test("the address longest unused comes first", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(3) })])
  const first = assigned(pool, "a", 0)
  pool.release(key("a"), 0)
  assert.notEqual(assigned(pool, "b", 40_000).address, first.address)
  assert.notEqual(assigned(pool, "c", 40_000).address, first.address)
  assert.equal(assigned(pool, "d", 40_000).address, first.address)
})

test("W17: pods are packed: the fullest interface first, in it the fullest prefix", () => {
  const two = [
    iface("eni-1", { addresses: addresses(2) }),
    iface("eni-2", { addresses: addresses(2, 1) }),
  ]
  const pool = poolWith(two)
  assert.deepEqual(
    ["a", "b", "c"].map((id) => assigned(pool, id).interfaceID),
    ["eni-1", "eni-1", "eni-2"],
  )
  const prefixed = poolWith([iface("eni-1", { prefixes: ["100.64.0.0/28", "100.64.0.16/28"] })], {
    prefixDelegation: true,
  })
  for (let i = 0; i < 16; i++) assigned(prefixed, `p${i}`)
  assert.equal(assigned(prefixed, "in the second").address, "100.64.0.16")
  prefixed.release(key("p3"), 0)
  assert.equal(assigned(prefixed, "back in the first", 60_000).address, "100.64.0.3")
})

test("a node that changes modes uses what it has: prefixes first, or single addresses first", () => {
  const both = [iface("eni-1", { addresses: ["100.64.0.9"], prefixes: ["100.64.1.0/28"] })]
  assert.equal(assigned(poolWith(both, { prefixDelegation: true }), "a").address, "100.64.1.0")
  const singles = poolWith(both)
  assert.equal(assigned(singles, "a").address, "100.64.0.9")
  assert.equal(assigned(singles, "b").address, "100.64.1.0")
})

test("all sixteen addresses of a prefix are used", () => {
  const pool = poolWith([iface("eni-1", { prefixes: ["100.64.0.16/28"] })])
  const got = Array.from({ length: 16 }, (_, i) => assigned(pool, `p${i}`).address)
  assert.deepEqual(
    got,
    Array.from({ length: 16 }, (_, i) => `100.64.0.${16 + i}`),
  )
  waits(pool, "one more")
})

test("an address that vanishes under a pod stays the pod's, and is reported, as is its return", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(2) })])
  const held = assigned(pool, "a")
  const without = iface("eni-1", { addresses: addresses(2).filter((a) => a !== held.address) })
  assert.deepEqual(pool.adopt([without], 1).lost, [held])
  assert.deepEqual(pool.adopt([without], 2).lost, [])
  assert.deepEqual(pool.lost(), [held])
  assert.deepEqual(pool.find(key("a")), held)
  assert.deepEqual(pool.adopt([iface("eni-1", { addresses: addresses(2) })], 3).regained, [held])
  assert.deepEqual(pool.lost(), [])
  const gone = pool.adopt([], 4)
  assert.deepEqual([gone.removed, gone.lost], [["eni-1"], [held]])
})

test("a pod found without the journal gets interface and placement from the status that lists it", () => {
  const found = { key: key("a"), pod: { namespace: "default", name: "a" }, placement: "node" }
  const held = { ...found, address: "100.64.0.10", interfaceID: "", assignedAt: 0 }
  const pool = new Pool(config, { held: [held], cooling: [], offers: [] })
  assert.deepEqual(pool.lost(), [held])
  const blue = iface("eni-1", { addresses: addresses(1), placement: "pool:blue" })
  const located = { ...held, interfaceID: "eni-1", placement: "pool:blue" }
  const { lost, regained, ...adoption } = pool.adopt([blue], 1)
  assert.deepEqual([adoption.located, lost, regained], [[located], [], []])
  assert.deepEqual([pool.find(key("a")), pool.lost()], [located, []])
  assert.deepEqual(pool.adopt([blue], 2).located, [])
  assert.deepEqual(pool.adopt([], 3).lost, [located])
  assert.equal(pool.release(key("a"), 4)?.cooling?.interfaceID, "eni-1")
})

test("an address keeps cooling when it goes and comes back", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(1) })])
  assigned(pool, "a")
  pool.release(key("a"), 0)
  pool.adopt([iface("eni-1")], 1)
  pool.adopt([iface("eni-1", { addresses: addresses(1) })], 2)
  waits(pool, "b", 29_999)
  assigned(pool, "b", 30_000)
})

test("an address that moves to another interface is free there", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(1) }), iface("eni-2")])
  pool.adopt([iface("eni-1"), iface("eni-2", { addresses: addresses(1) })], 1)
  assert.equal(assigned(pool, "a").interfaceID, "eni-2")
})

test("what is offered is never used again until status has dropped it", () => {
  const full = iface("eni-1", { addresses: addresses(2), prefixes: ["100.64.1.0/28"] })
  const pool = poolWith([full])
  const offers = [
    { interfaceID: "eni-1", address: "100.64.0.10" },
    { interfaceID: "eni-1", prefix: "100.64.1.0/28" },
  ]
  assert.deepEqual(pool.offer(offers, 0), offers)
  assert.deepEqual(pool.offer(offers, 0), [])
  assert.equal(assigned(pool, "a").address, "100.64.0.11")
  waits(pool, "b")
  pool.adopt([full], 1)
  waits(pool, "b", 1)
  assert.deepEqual(pool.offers(), offers)
  const left = iface("eni-1", { addresses: ["100.64.0.11"] })
  assert.deepEqual(pool.adopt([left], 2).settled, offers)
  pool.adopt([full], 3)
  assigned(pool, "b")
})

test("nothing in use, cooling or primary can be offered", () => {
  const live = iface("eni-1", { addresses: addresses(2), prefixes: ["100.64.1.0/28"] })
  const pool = poolWith([{ ...primary, addresses: ["10.0.0.9"] }, live], { prefixDelegation: true })
  const held = assigned(pool, "a")
  assert.equal(held.address, "100.64.1.0")
  for (let i = 0; i < 15; i++) assigned(pool, `c${i}`)
  assert.equal(assigned(pool, "b").address, "100.64.0.10")
  pool.release(key("b"), 0)
  const refused = [
    { interfaceID: "eni-0" },
    { interfaceID: "eni-1" },
    { interfaceID: "eni-1", prefix: "100.64.1.0/28" },
    { interfaceID: "eni-1", address: "100.64.0.10" },
    { interfaceID: "eni-1", address: "100.64.9.9" },
    { interfaceID: "eni-9" },
  ]
  assert.deepEqual(pool.offer(refused, 1), [])
  // A single address of a prefix is not a thing that EC2 can take back.
  assert.deepEqual(pool.offer([{ interfaceID: "eni-1", address: "100.64.1.5" }], 1), [])
  // Nothing of the primary is used with custom networking, but what it has can go.
  assert.equal(pool.offer([{ interfaceID: "eni-0", address: "10.0.0.9" }], 1).length, 1)
})

test("a restarted pool knows what is held, cooling and offered before it hands out anything", () => {
  const full = iface("eni-1", { addresses: addresses(3) })
  const held = { ...assigned(poolWith([full]), "a") }
  const memory: PoolMemory = {
    held: [held],
    cooling: [{ address: "100.64.0.11", interfaceID: "eni-1", until: 500 }],
    offers: [{ interfaceID: "eni-1", address: "100.64.0.12" }],
  }
  const pool = new Pool(config, memory)
  assert.deepEqual(pool.find(key("a")), held)
  assert.equal(waits(pool, "b").interfaces, 0)
  pool.adopt([full], 0)
  pool.setOpen("eni-1", true)
  assert.deepEqual(pool.lost(), [])
  waits(pool, "b", 499)
  assert.equal(assigned(pool, "b", 500).address, "100.64.0.11")
  waits(pool, "c", 500)
})

test("a memory that gives one address to two pods is refused", () => {
  const held = assigned(poolWith([iface("eni-1", { addresses: addresses(1) })]), "a")
  const twice = [held, { ...held, key: key("b") }]
  assert.throws(
    () => new Pool(config, { held: twice, cooling: [], offers: [] }),
    /holds 100\.64\.0\.10/,
  )
})

test("a clock set back by an hour does not keep addresses cooling for that hour", () => {
  const pool = poolWith([iface("eni-1", { addresses: addresses(1) })])
  assigned(pool, "a", 3_600_000)
  pool.release(key("a"), 3_600_000)
  waits(pool, "b", 0)
  assigned(pool, "b", 30_000)
})

test("demand leaves out pods on draining interfaces", () => {
  const live = [
    iface("eni-1", { addresses: addresses(2) }),
    iface("eni-2", { addresses: addresses(2, 1) }),
  ]
  const pool = poolWith(live)
  for (const id of ["a", "b", "c"]) assigned(pool, id)
  pool.adopt(
    [iface("eni-1", { addresses: addresses(2), state: "Draining" }), live[1] as NodeInterface],
    1,
  )
  assert.deepEqual(demandOf(pool, new Map([["pool:blue", 2]])), [
    { placement: "node", inUse: 1, waiting: 0, cooling: 0 },
    { placement: "pool:blue", inUse: 0, waiting: 2, cooling: 0 },
  ])
})

type Step =
  | { do: "assign" | "release" | "cancel"; pod: number; placement: string }
  | { do: "adopt"; interfaces: NodeInterface[] }
  | { do: "offer"; iface: number; block: number }
  | { do: "wait"; ms: number }
  | { do: "restart" }

const layout = fc
  .array(
    fc.record({
      singles: fc.subarray([0, 1, 2, 3, 4]),
      prefixes: fc.subarray([0, 1]),
      state: fc.constantFrom("Ready", "Draining", "Attaching"),
      placement: fc.constantFrom("node", "pool:blue"),
    } as const),
    { maxLength: 3 },
  )
  .map((list) =>
    list.map(({ singles, prefixes, ...more }, i) =>
      iface(`eni-${i}`, {
        ...more,
        addresses: singles.map((s) => `100.64.${i}.${s + 10}`),
        prefixes: prefixes.map((p) => `100.64.${100 + i}.${p * 16}/28`),
      }),
    ),
  )
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("assign" as const),
      pod: fc.nat(30),
      placement: fc.constantFrom("node", "pool:blue"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("release" as const, "cancel" as const),
      pod: fc.nat(30),
      placement: fc.constant(""),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("adopt" as const), interfaces: layout }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("offer" as const), iface: fc.nat(2), block: fc.nat(7) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(40_000) }) },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
)

test("W30: whatever happens in whatever order, no address has two holders, and none is used while it cools or is offered", () => {
  fc.assert(
    fc.property(
      layout,
      fc.boolean(),
      fc.array(step, { maxLength: 60 }),
      (start, prefixDelegation, steps) => {
        let interfaces = start
        let pool = poolWith(start, { prefixDelegation })
        let now = 0
        const usableFrom = new Map<string, number>()
        for (const s of steps) {
          if (s.do === "wait") now += s.ms
          else if (s.do === "assign") {
            const offered = new Set(
              pool.offers().map((o) => `${o.interfaceID} ${o.address ?? o.prefix ?? ""}`),
            )
            const result = pool.assign(request(`p${s.pod}`, { placement: s.placement }), now)
            if (result.kind === "assigned" && result.fresh) {
              const { address, interfaceID, placement } = result.held
              assert.ok((usableFrom.get(address) ?? 0) <= now, "it was cooling")
              assert.ok(
                !offered.has(`${interfaceID} ${address}`) && !offered.has(`${interfaceID} `),
                "it was offered",
              )
              const facts = interfaces.find((i) => i.id === interfaceID)
              assert.ok(facts?.placement === placement && facts.state !== "Draining")
            }
          } else if (s.do === "release") {
            const released = pool.release(key(`p${s.pod}`), now)
            if (released) usableFrom.set(released.held.address, now + config.cooldownMs)
          } else if (s.do === "cancel") pool.cancel(key(`p${s.pod}`), now)
          else if (s.do === "adopt") {
            interfaces = s.interfaces
            pool.adopt(interfaces, now)
            for (const { id } of interfaces) pool.setOpen(id, true)
          } else if (s.do === "offer") {
            const facts = interfaces[s.iface]
            const things = [undefined, ...(facts?.addresses ?? []), ...(facts?.prefixes ?? [])]
            const thing = things[s.block % things.length]
            const interfaceID = facts?.id ?? "eni-none"
            const part =
              thing === undefined
                ? {}
                : thing.includes("/")
                  ? { prefix: thing }
                  : { address: thing }
            pool.offer([{ interfaceID, ...part }], now)
          } else {
            const memory = {
              held: [...pool.held()],
              cooling: [...pool.cooling()],
              offers: pool.offers(),
            }
            const before = [...pool.held()]
            pool = poolWith(interfaces, { prefixDelegation }, structuredClone(memory))
            assert.deepEqual([...pool.held()], before)
          }
          assertConsistent(pool)
        }
      },
    ),
    { numRuns: 400 },
  )
})
