import assert from "node:assert/strict"
import { test } from "node:test"
import { counter, createMetrics, gauge, histogram } from "./metrics.ts"

const table = {
  demo_calls_total: counter("Calls.", ["action"], { maxSeries: 2 }),
  demo_up: gauge("One while up."),
  demo_free: gauge("Free addresses.", ["subnet"]),
  demo_seconds: histogram("Duration.", ["stage"], { buckets: [0.01, 0.1] }),
}

const lines = async (m: { text(): Promise<string> }, name: string) =>
  (await m.text()).split("\n").filter((l) => l.startsWith(name))

test("what is recorded is what a scrape shows", async () => {
  const m = createMetrics(table)
  m.demo_calls_total.inc({ action: "a" })
  m.demo_calls_total.add(2, { action: "a" })
  m.demo_up.set(1)
  m.demo_seconds.observe(0.05, { stage: "wire" })
  assert.deepEqual(await lines(m, "demo_calls_total"), ['demo_calls_total{action="a"} 3'])
  assert.deepEqual(await lines(m, "demo_up"), ["demo_up 1"])
  assert.deepEqual(await lines(m, "demo_seconds_bucket"), [
    'demo_seconds_bucket{le="0.01",stage="wire"} 0',
    'demo_seconds_bucket{le="0.1",stage="wire"} 1',
    'demo_seconds_bucket{le="+Inf",stage="wire"} 1',
  ])
})

test("label sets above the limit are recorded as other", async () => {
  const m = createMetrics(table)
  for (const action of ["a", "b", "c", "d", "a"]) m.demo_calls_total.inc({ action })
  assert.deepEqual(await lines(m, "demo_calls_total"), [
    'demo_calls_total{action="a"} 2',
    'demo_calls_total{action="b"} 1',
    'demo_calls_total{action="other"} 2',
  ])
})

test("a gauge that is rewritten as a whole forgets what is gone", async () => {
  const m = createMetrics(table)
  m.demo_free.set(3, { subnet: "subnet-1" })
  m.demo_free.reset()
  m.demo_free.set(4, { subnet: "subnet-2" })
  assert.deepEqual(await lines(m, "demo_free"), ['demo_free{subnet="subnet-2"} 4'])
})
