import assert from "node:assert/strict"
import { test } from "node:test"
import { leases } from "../api/resources.ts"
import { silentLogger } from "../log.ts"
import { type VirtualClock, virtualClock } from "../testing/virtual-clock.ts"
import { KubeError } from "./kube.ts"
import { electLeader } from "./lease-election.ts"
import { type MemoryKube, memoryKube } from "./memory/memory-kube.ts"

function candidate(kube: MemoryKube, clock: VirtualClock, identity: string) {
  const stop = new AbortController()
  const terms: string[] = []
  let leading = false
  let holds = () => false
  const done = electLeader(
    {
      kube,
      clock,
      random: () => 0,
      log: silentLogger,
      namespace: "kube-system",
      name: "l",
      identity,
    },
    stop.signal,
    async (term, isHeld) => {
      leading = true
      holds = isHeld
      await new Promise((resolve) => term.addEventListener("abort", resolve))
      leading = false
      terms.push((term.reason as Error).message)
    },
  )
  return { stop, done, terms, leads: () => leading, holds: () => holds() }
}

test("one leads, and a released lease is taken over without waiting it out", async () => {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const a = candidate(kube, clock, "a")
  await clock.advance(100)
  const b = candidate(kube, clock, "b")
  await clock.advance(60_000)
  assert.deepEqual([a.leads(), b.leads()], [true, false])
  a.stop.abort(new Error("stopped"))
  await a.done
  await clock.advance(3_000)
  assert.deepEqual([a.leads(), b.leads()], [false, true])
  const lease = await kube.get(leases, "l", "kube-system")
  assert.equal(lease?.spec.leaseTransitions, 2)
  b.stop.abort()
  await b.done
})

test("a leader cut off stops before another can start, whatever the clocks say", async () => {
  const clock = virtualClock()
  // The other host's clock is an hour ahead.
  const ahead = { ...clock, now: () => clock.now() + 3_600_000 } as VirtualClock
  const shared = memoryKube({ clock })
  let cut = false
  const mine = {
    ...shared,
    get: (async (...args) => {
      if (cut) throw new KubeError(0, "Unreachable", "cut off")
      return shared.get(...args)
    }) as typeof shared.get,
    replace: (async (...args) => {
      if (cut) throw new KubeError(0, "Unreachable", "cut off")
      return shared.replace(...args)
    }) as typeof shared.replace,
  }
  const a = candidate(mine, clock, "a")
  await clock.advance(100)
  const b = candidate(shared, ahead, "b")
  await clock.advance(5_000)
  cut = true
  let overlap = false
  for (let i = 0; i < 300; i++) {
    await clock.advance(100)
    overlap ||= a.leads() && b.leads()
  }
  assert.equal(overlap, false)
  assert.deepEqual([a.leads(), b.leads()], [false, true])
  assert.match(a.terms[0] ?? "", /could not be renewed/)
  a.stop.abort()
  b.stop.abort()
  await Promise.all([a.done, b.done])
})

test("a leader whose lease was taken from it stops leading", async () => {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const a = candidate(kube, clock, "a")
  await clock.advance(100)
  const lease = await kube.get(leases, "l", "kube-system")
  assert.ok(lease)
  await kube.replace(leases, { ...lease, spec: { ...lease.spec, holderIdentity: "thief" } })
  await clock.advance(3_000)
  assert.equal(a.leads(), false)
  assert.match(a.terms[0] ?? "", /taken over/)
  a.stop.abort()
  await a.done
})

/** A clock that shows more time than has passed for those who sleep on it, as a process sees it that was paused. */
const pausable = (clock: VirtualClock) => {
  const skew = { now: 0, monotonic: 0 }
  const now = () => clock.now() + skew.now
  const monotonic = () => clock.monotonic() + skew.monotonic
  return { skew, clock: Object.assign(Object.create(clock), { now, monotonic }) as VirtualClock }
}

for (const [what, by] of [
  ["paused", { now: 11_000, monotonic: 11_000 }],
  ["suspended, which its monotonic clock does not show", { now: 11_000, monotonic: 0 }],
] as const)
  test(`a leader that was ${what} holds nothing from the first instant`, async () => {
    const time = virtualClock()
    const { skew, clock } = pausable(time)
    const a = candidate(memoryKube({ clock }), clock, "a")
    await time.advance(5_000)
    assert.deepEqual([a.leads(), a.holds()], [true, true])
    Object.assign(skew, by)
    assert.deepEqual([a.leads(), a.holds()], [true, false], "before any timer has rung")
    await time.advance(5_000)
    assert.deepEqual([a.leads(), a.holds()], [true, true], "nobody took the lease meanwhile")
    a.stop.abort(new Error("stopped"))
    await a.done
  })

test("a clock that is set neither prolongs a lease nor takes one over", async () => {
  const time = virtualClock()
  const kube = memoryKube({ clock: time })
  const [mine, other] = [pausable(time), pausable(time)]
  const a = candidate(kube, mine.clock, "a")
  await time.advance(100)
  const b = candidate(kube, other.clock, "b")
  await time.advance(5_000)
  other.skew.now = 3_600_000
  await time.advance(5_000)
  assert.deepEqual([a.leads(), b.leads()], [true, false], "forward")
  mine.skew.now = -3_600_000
  kube.setFault(({ method, resource }) => {
    if (method === "replace" && resource?.kind === "Lease")
      throw new KubeError(0, "Unreachable", "no")
  })
  await time.advance(12_000)
  assert.deepEqual([a.leads(), a.holds()], [false, false], "back")
  a.stop.abort(new Error("stopped"))
  b.stop.abort(new Error("stopped"))
  await Promise.all([a.done, b.done])
})
