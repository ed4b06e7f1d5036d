import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { Ledger, type Reservation } from "./ledger.ts"

const one = (addresses: number, prefixes = 0) => ({ addresses, prefixes })
const seen = (available: number, at: number, freePrefixes?: number) => ({
  available,
  startedAt: at,
  finishedAt: at,
  ...(freePrefixes !== undefined && { freePrefixes }),
})

test("many calls at once cannot each take the last addresses", () => {
  const ledger = new Ledger()
  ledger.observe("s", seen(10, 0))
  assert.ok(ledger.reserve("s", one(6), 1))
  assert.equal(ledger.reserve("s", one(6), 1), undefined)
  assert.ok(ledger.reserve("s", one(4), 1))
  assert.deepEqual(ledger.supply("s", 1), { free: 0, inFlight: 10, observedAt: 0 })
})

test("a refused call gives its promise back at once, a short one its rest", () => {
  const ledger = new Ledger()
  ledger.observe("s", seen(40, 0))
  const refused = ledger.reserve("s", one(30), 1)
  assert.ok(refused)
  ledger.settle(refused, "refused", 2)
  const short = ledger.reserve("s", one(30), 3)
  assert.ok(short)
  ledger.settle(short, { used: one(10) }, 4)
  assert.equal(ledger.supply("s", 5)?.free, 30)
})

test("an observation counts a call only when it began after the call and the lag", () => {
  const ledger = new Ledger({ lagMs: 1000 })
  ledger.observe("s", seen(20, 0))
  const call = ledger.reserve("s", one(5), 10)
  assert.ok(call)
  ledger.settle(call, { used: one(5) }, 100)
  // Too early to be sure: the five may or may not be in the fifteen.
  ledger.observe("s", seen(15, 600))
  assert.equal(ledger.supply("s", 700)?.free, 10)
  ledger.observe("s", seen(15, 1100))
  assert.equal(ledger.supply("s", 1200)?.free, 15)
})

test("an answer that was overtaken by a later one is ignored", () => {
  const ledger = new Ledger()
  ledger.observe("s", seen(5, 100))
  ledger.observe("s", { available: 50, startedAt: 50, finishedAt: 200 })
  assert.equal(ledger.supply("s", 300)?.free, 5)
})

test("a call without an answer counts until it would show", () => {
  const ledger = new Ledger({ lagMs: 1000, expiryMs: 10_000 })
  ledger.observe("s", seen(20, 0))
  ledger.reserve("s", one(5), 0)
  ledger.observe("s", seen(20, 9_000))
  assert.equal(ledger.supply("s", 9_500)?.free, 15)
  assert.equal(ledger.supply("s", 11_000)?.free, 15)
  ledger.observe("s", seen(15, 12_500))
  assert.equal(ledger.supply("s", 12_600)?.free, 15)
})

test("freed addresses count once: when the observation cannot have seen them, or when it does", () => {
  const ledger = new Ledger()
  ledger.observe("s", { available: 3, startedAt: 100, finishedAt: 200 })
  ledger.credit("s", one(4), 150)
  assert.equal(ledger.supply("s", 300)?.free, 3)
  ledger.credit("s", one(4), 200)
  assert.equal(ledger.supply("s", 300)?.free, 7)
  ledger.observe("s", { available: 11, startedAt: 400, finishedAt: 500 })
  assert.equal(ledger.supply("s", 600)?.free, 11)
})

test("prefixes are promised as blocks and as addresses", () => {
  const ledger = new Ledger()
  ledger.observe("s", seen(60, 0, 2))
  assert.ok(ledger.reserve("s", one(1, 2), 1))
  assert.deepEqual(ledger.supply("s", 1), {
    free: 60 - 33,
    freePrefixes: 0,
    inFlight: 33,
    observedAt: 0,
  })
  assert.equal(ledger.reserve("s", one(0, 1), 1), undefined)
})

// The model: a subnet whose calls take effect at some moment between their start and their answer, and whose
// observations show some moment between (start - lag) and end. No order of events may let EC2 run dry under a
// reservation that the ledger granted.
test("a granted call never finds the subnet empty, whatever the order of events", () => {
  const lagMs = 50
  const step = fc.oneof(
    fc.record({ do: fc.constant("reserve" as const), n: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constant("apply" as const), pick: fc.nat() }),
    fc.record({ do: fc.constant("answer" as const), pick: fc.nat(), lost: fc.boolean() }),
    fc.record({ do: fc.constant("free" as const), n: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ do: fc.constant("look" as const) }),
    fc.record({ do: fc.constant("see" as const), pick: fc.nat() }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 80 }) }),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 60 }),
      fc.array(step, { maxLength: 120 }),
      (size, steps) => {
        const ledger = new Ledger({ lagMs })
        let now = 1_000
        let free = size
        let held = 0
        const past: { at: number; free: number }[] = [{ at: 0, free: size }]
        const open: { call: Reservation; applied: boolean }[] = []
        const looks: number[] = []
        const change = (by: number) => {
          free += by
          held -= by
          past.push({ at: now, free })
        }
        const freeAt = (at: number) => past.findLast((p) => p.at <= at)?.free ?? size
        ledger.observe("s", seen(size, now))
        for (const s of steps) {
          now++
          if (s.do === "reserve") {
            const call = ledger.reserve("s", one(s.n), now)
            if (call) open.push({ call, applied: false })
          } else if (s.do === "apply" || s.do === "answer") {
            const at = open.length > 0 ? s.pick % open.length : -1
            const entry = open[at]
            if (!entry) continue
            if (!entry.applied) {
              assert.ok(free >= entry.call.amount.addresses, "EC2 ran dry under a granted call")
              change(-entry.call.amount.addresses)
              entry.applied = true
            }
            if (s.do === "answer") {
              open.splice(at, 1)
              const used = entry.call.amount
              ledger.settle(entry.call, s.lost ? "unknown" : { used }, now)
            }
          } else if (s.do === "free") {
            const n = Math.min(s.n, held)
            if (n === 0) continue
            const startedAt = now
            now += 2
            change(n)
            now += 2
            ledger.credit("s", one(n), startedAt)
          } else if (s.do === "look") {
            looks.push(now)
          } else if (s.do === "see") {
            const [startedAt] = looks.splice(looks.length > 0 ? s.pick % looks.length : 0, 1)
            if (startedAt === undefined) continue
            const moment = startedAt - lagMs + (s.pick % (now - startedAt + lagMs + 1))
            ledger.observe("s", { available: freeAt(moment), startedAt, finishedAt: now })
          } else now += s.ms
          const left = ledger.supply("s", now)?.free ?? 0
          const promised = open.filter((o) => !o.applied).map((o) => o.call.amount.addresses)
          const committed = promised.reduce((a, b) => a + b, 0)
          assert.ok(
            left <= Math.max(0, free - committed),
            `ledger sees ${left}, EC2 has ${free - committed}`,
          )
        }
      },
    ),
    { numRuns: 2_000 },
  )
})
