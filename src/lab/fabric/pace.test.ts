// Goal: passes never overlap, none is lost, and an attached interface appears after its delay.
import assert from "node:assert/strict"
import { test } from "node:test"
import { silentLogger } from "../../log.ts"
import { virtualClock } from "../../testing/virtual-clock.ts"
import { Pace } from "./pace.ts"
import { sampleVpc } from "./testing/sample-vpc.ts"
import { emptyView } from "./vpc-view.ts"

test("secondary interfaces are due after the delay, primary ones at once", async () => {
  const clock = virtualClock()
  const due: string[][] = []
  await using pace = new Pace({
    clock,
    delayMs: 500,
    logger: silentLogger,
    pass: async (isDue) => {
      due.push(sampleVpc.interfaces.filter(isDue).map((eni) => eni.id))
    },
  })
  await pace.run(sampleVpc)
  await clock.advance(300)
  await pace.run(sampleVpc)
  await clock.advance(200)
  const primary = ["eni-a-0", "eni-b-0", "eni-c-0"]
  const all = sampleVpc.interfaces.map((eni) => eni.id)
  assert.deepEqual(due, [primary, primary, all])

  await pace.run(emptyView)
  await pace.run(sampleVpc)
  assert.deepEqual(due.at(-1), primary, "attached again, it waits again")
})

test("calls during a pass are merged into one that follows it", async () => {
  const gate = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  let passes = 0
  await using pace = new Pace({
    clock: virtualClock(),
    delayMs: 0,
    logger: silentLogger,
    pass: async () => {
      passes++
      started.resolve()
      if (passes === 1) await gate.promise
    },
  })
  const first = pace.run(emptyView)
  await started.promise
  const later = [pace.run(sampleVpc), pace.run(emptyView)]
  gate.resolve()
  await Promise.all([first, ...later])
  assert.equal(passes, 2)
})

test("a pass that fails rejects its callers and not the next ones", async () => {
  let fails = true
  await using pace = new Pace({
    clock: virtualClock(),
    delayMs: 0,
    logger: silentLogger,
    pass: async () => {
      if (fails) throw new Error("no")
    },
  })
  await assert.rejects(pace.run(emptyView), /no/)
  fails = false
  await pace.run(emptyView)
})
