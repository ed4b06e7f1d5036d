import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { forecast } from "./forecast.ts"

const hour = 3_600_000
const trend = (free: number, perHour: number, hours: number) =>
  Array.from({ length: hours + 1 }, (_, i) => ({ at: i * hour, free: free - perHour * i }))

test("a steady fall is told in addresses an hour and days", () => {
  const answer = forecast(trend(1000, 10, 24))
  assert.equal(answer?.burnRate, 10)
  assert.ok(Math.abs((answer?.daysToFull ?? 0) - (1000 - 240) / 10 / 24) < 1e-9)
})

test("one roll-out, or one gap, does not bend the trend", () => {
  const samples = trend(1000, 2, 48).map((s, i) =>
    i === 20 || i === 21 ? { ...s, free: s.free - 600 } : s,
  )
  assert.ok(Math.abs((forecast(samples)?.burnRate ?? 0) - 2) < 0.5)
})

test("a subnet that does not empty has no end", () => {
  assert.deepEqual(forecast(trend(100, 0, 5)), { burnRate: 0 })
  assert.equal(forecast(trend(100, -5, 5))?.daysToFull, undefined)
})

test("less than an hour tells nothing, and the order of samples does not matter", () => {
  assert.equal(forecast([]), undefined)
  assert.equal(
    forecast([
      { at: 0, free: 9 },
      { at: hour - 1, free: 1 },
    ]),
    undefined,
  )
  const sample = fc.record({ at: fc.nat(100 * hour), free: fc.nat(5000) })
  fc.assert(
    fc.property(fc.uniqueArray(sample, { selector: (s) => s.at, maxLength: 20 }), (samples) => {
      assert.deepEqual(forecast(samples), forecast(samples.toReversed()))
    }),
  )
})
