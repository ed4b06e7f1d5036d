import assert from "node:assert/strict"
import { test } from "node:test"
import { Backoffs } from "./backoff.ts"

const about = { subnet: "s", cause: "address" as const }
const refusal = (startedAt: number) => ({ ...about, code: "ec2/subnet-full", startedAt })
const steady = { firstMs: 100, longestMs: 400, probeMs: 50, random: () => 0.5 }

test("waits double up to the longest and concern one cause of one subnet", () => {
  const backoffs = new Backoffs<"address" | "prefix">(steady)
  let now = 0
  const waits = [100, 200, 400, 400].map(() => {
    backoffs.refused(refusal(now), now)
    const until = backoffs.of("s", now)[0]?.until ?? 0
    const wait = until - now
    now = until
    return wait
  })
  assert.deepEqual(waits, [100, 200, 400, 400])
  assert.deepEqual(backoffs.of("t", 0), [])
  assert.deepEqual(
    backoffs.of("s", 0).map((r) => [r.cause, r.code]),
    [["address", "ec2/subnet-full"]],
  )
})

test("refusals of calls that were under way together count once", () => {
  const backoffs = new Backoffs(steady)
  backoffs.refused(refusal(0), 10)
  backoffs.refused(refusal(5), 20)
  assert.equal(backoffs.of("s", 20)[0]?.until, 110)
})

test("after a wait one call tests the subnet, and others wait for it", () => {
  const backoffs = new Backoffs(steady)
  backoffs.refused(refusal(0), 0)
  assert.equal(backoffs.of("s", 100).length, 0)
  backoffs.probe(about, 100)
  assert.equal(backoffs.of("s", 120).length, 1)
  backoffs.served(about, 130)
  assert.equal(backoffs.of("s", 131).length, 0)
})

test("a success takes a long wait down by steps: the next refusal does not start from nothing", () => {
  const backoffs = new Backoffs(steady)
  for (const at of [0, 1000, 2000]) backoffs.refused(refusal(at), at)
  backoffs.served(about, 3000)
  assert.equal(backoffs.of("s", 3000).length, 0)
  backoffs.refused(refusal(3001), 3001)
  assert.equal((backoffs.of("s", 3001)[0]?.until ?? 0) - 3001, 200)
})

test("room seen after the refusal ends the wait, room seen before it does not", () => {
  const backoffs = new Backoffs(steady)
  backoffs.refused(refusal(0), 10)
  backoffs.seenRoom(about, 5)
  assert.equal(backoffs.of("s", 20).length, 1)
  backoffs.seenRoom(about, 11)
  assert.equal(backoffs.of("s", 20).length, 0)
})
