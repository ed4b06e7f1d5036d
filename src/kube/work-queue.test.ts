import assert from "node:assert/strict"
import { test } from "node:test"
import { virtualClock } from "../testing/virtual-clock.ts"
import { WorkQueue } from "./work-queue.ts"

function queue(work: (key: string) => Promise<number | undefined>, limit = 100) {
  const clock = virtualClock()
  const stop = new AbortController()
  const errors: string[] = []
  const q = new WorkQueue({
    clock,
    random: () => 1,
    concurrency: 2,
    limit,
    retryBaseMs: 1000,
    retryMaxMs: 4000,
    signal: stop.signal,
    work,
    onError: (key, error, ms) => errors.push(`${key}: ${(error as Error).message}, again in ${ms}`),
  })
  return { clock, stop, q, errors }
}

test("a key added many times runs once, and once more when added while it runs", async () => {
  const runs: string[] = []
  const gate = Promise.withResolvers<void>()
  const { clock, q } = queue(async (key) => {
    runs.push(key)
    if (runs.length === 1) await gate.promise
    return undefined
  })
  for (let i = 0; i < 5; i++) q.add("a")
  await clock.settle()
  for (let i = 0; i < 5; i++) q.add("a")
  assert.deepEqual(runs, ["a"])
  gate.resolve()
  await clock.settle()
  assert.deepEqual(runs, ["a", "a"])
})

test("at most `concurrency` keys run, and never one key twice at once", async () => {
  let active = 0
  let most = 0
  const { clock, q } = queue(async () => {
    most = Math.max(most, ++active)
    await Promise.resolve()
    active--
    return undefined
  })
  for (const key of ["a", "b", "c", "d", "a"]) q.add(key)
  await clock.settle()
  assert.equal(most, 2)
  assert.equal(q.depth, 0)
})

test("failures back off per key up to the limit, success resets", async () => {
  let fail = true
  let runs = 0
  const { clock, q, errors } = queue(async () => {
    runs++
    if (fail) throw new Error("no")
    return undefined
  })
  q.add("a")
  await clock.advance(1000 + 2000 + 4000 + 4000)
  assert.equal(runs, 5)
  assert.deepEqual(errors.slice(0, 4), [
    "a: no, again in 1000",
    "a: no, again in 2000",
    "a: no, again in 4000",
    "a: no, again in 4000",
  ])
  fail = false
  q.add("a")
  await clock.settle()
  fail = true
  q.add("a")
  await clock.settle()
  assert.equal(errors.at(-1), "a: no, again in 1000")
})

test("a full queue refuses and counts, a due time is kept when it is earlier", async () => {
  const runs: string[] = []
  const gate = Promise.withResolvers<void>()
  const { clock, q } = queue(async (key) => {
    runs.push(key)
    await gate.promise
    return undefined
  }, 1)
  q.add("a")
  q.add("b")
  assert.equal(q.add("c"), true)
  assert.equal(q.add("d"), false)
  assert.equal(q.refused, 1)
  gate.resolve()
  await clock.settle()
  q.addAfter("x", 5000)
  q.addAfter("x", 9000)
  q.addAfter("x", 1000)
  await clock.advance(1000)
  assert.equal(runs.at(-1), "x")
  await clock.advance(10_000)
  assert.equal(runs.filter((k) => k === "x").length, 1)
})

test("after the signal aborts nothing new starts and drained resolves", async () => {
  let runs = 0
  const gate = Promise.withResolvers<void>()
  const { q, stop } = queue(async () => {
    runs++
    await gate.promise
    return 1
  })
  q.add("a")
  stop.abort()
  assert.equal(q.add("b"), false)
  gate.resolve()
  await q.drained()
  assert.equal(runs, 1)
})
