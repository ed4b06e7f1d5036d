import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { QuotaStatus } from "../api/nodenetwork.ts"
import { QuotaBook } from "./quota-book.ts"
import { QuotaModel, steps } from "./testing/quota-model.ts"

const nodes = 2
const rare: readonly string[] = ["newTerm", "restartAgent", "loseAnswer", "endPod", "decide"]
const likely = steps.flatMap((step) => (rare.includes(step) ? [step] : [step, step, step, step]))

test("a namespace never exceeds its quota, and uses all of it in the end, whatever is late, lost or restarted", () => {
  const step = fc.tuple(fc.constantFrom(...likely), fc.nat(nodes - 1), fc.nat(5))
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 }),
      fc.array(step, { minLength: 150, maxLength: 300, size: "max" }),
      (quota, list) => {
        const model = new QuotaModel(nodes, quota)
        for (const [what, node, n] of list) {
          model.step(what, node, n)
          model.check()
        }
        model.settle()
        const held = model.agents.reduce((sum, agent) => sum + agent.held.size, 0)
        const pods = model.agents.reduce((sum, a) => sum + a.held.size + a.waiting.size, 0)
        assert.equal(held, Math.min(quota, pods))
      },
    ),
    { numRuns: 1_000 },
  )
})

/** A node whose pods of the namespace `red` wait for an address of the pool `red`. */
const waiting = (...pods: string[]) => {
  const claims = pods.map((pod) => ({ pod, namespace: "red", held: false }))
  const demand = { placement: "pool:red", inUse: 0, waiting: pods.length, cooling: 0, claims }
  return { spec: { demand: [demand] }, interfaces: [], quota: undefined }
}
const always = () => true

function bookOf(quota: number) {
  const woken: string[] = []
  const wake = (node: string) => void woken.push(node)
  const book = new QuotaBook({ random: () => 0.5, quotaOf: () => quota, wake })
  const written = new Map<string, QuotaStatus | undefined>()
  const decide = (node: string, facts: ReturnType<typeof waiting>, canServe = always) => {
    const { status } = book.decide(node, { ...facts, quota: written.get(node) }, canServe)
    written.set(node, status)
    book.written(node, status)
    return status
  }
  return { book, decide, woken }
}

test("pods beyond the quota are told what their namespace has, and the node is woken when there is room", () => {
  const { decide, woken } = bookOf(2)
  assert.deepEqual(decide("a", waiting("p1", "p2"))?.granted, ["p1", "p2"])
  const denied = decide("b", waiting("p3"))?.denied
  assert.deepEqual(denied?.[0]?.pods, ["p3"])
  assert.match(
    denied?.[0]?.message ?? "",
    /red has 2 addresses of SubnetPool\/red, which allows each namespace 2/,
  )
  assert.equal(woken.length, 0)
  decide("a", waiting("p1"))
  assert.ok(woken.includes("b"))
  assert.deepEqual(decide("b", waiting("p3"))?.granted, ["p3"])
})

test("nothing is granted while the agent of a node that uses the pool does not name its pods", () => {
  const { book, decide } = bookOf(5)
  const mute = { placement: "pool:red", inUse: 3, waiting: 0, cooling: 0 }
  book.load("old", { spec: { demand: [mute] }, interfaces: [], quota: undefined })
  const [denial] = decide("a", waiting("p1"))?.denied ?? []
  assert.match(denial?.message ?? "", /being counted for its quota: old has not answered yet/)
  book.forget("old")
  assert.deepEqual(decide("a", waiting("p1"))?.granted, ["p1"])
})

test("a pod whose placement cannot serve is granted nothing, and keeps nothing from others", () => {
  const { decide } = bookOf(1)
  const refused = decide("a", waiting("p1"), () => false)
  assert.deepEqual([refused?.granted, refused?.denied], [[], []])
  assert.deepEqual(decide("b", waiting("p2"))?.granted, ["p2"])
})
