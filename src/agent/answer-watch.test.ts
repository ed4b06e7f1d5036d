import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeNetwork } from "../api/nodenetwork.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { AnswerWatch } from "./answer-watch.ts"

const object = (generation: number, observedGeneration: number) =>
  ({ metadata: { name: "n1", generation }, status: { observedGeneration } }) as NodeNetwork

test("a controller is late that answers nothing for long, not one that a burst of demand stays ahead of", async () => {
  const clock = virtualClock()
  const watch = new AnswerWatch(clock)
  for (let generation = 2; generation < 12; generation++) {
    watch.observe(object(generation, generation - 1))
    await clock.advance(1_000)
    assert.equal(watch.isLate, false)
  }
  watch.observe(object(13, 11))
  await clock.advance(3_999)
  watch.observe(object(14, 11))
  assert.equal(watch.isLate, false)
  await clock.advance(1_001)
  assert.equal(watch.isLate, true)
  watch.observe(object(14, 14))
  assert.equal(watch.isLate, false)
})
