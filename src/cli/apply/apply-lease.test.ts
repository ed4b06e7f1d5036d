import assert from "node:assert/strict"
import { test } from "node:test"
import { leases } from "../../api/resources.ts"
import type { Kube } from "../../kube/kube.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { type VirtualClock, virtualClock } from "../../testing/virtual-clock.ts"
import { withApplyLease } from "./apply-lease.ts"

function worker(kube: Kube, clock: VirtualClock, identity: string) {
  const stop = new AbortController()
  const work = Promise.withResolvers<string>()
  let works = false
  const done = withApplyLease(
    { kube, clock, identity, warn: assert.fail },
    stop.signal,
    async (signal) => {
      works = true
      signal.addEventListener("abort", () => work.reject(signal.reason))
      return work.promise
    },
  )
  done.catch(() => {})
  return { stop, done, works: () => works, finish: () => work.resolve(identity) }
}

test("who comes second is told who works, and may begin when that one has ended", async () => {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const ann = worker(kube, clock, "ann@desk")
  await clock.advance(100)
  const bob = worker(kube, clock, "bob@desk")
  await clock.advance(5_000)
  await assert.rejects(bob.done, { code: "cli/apply-under-way", message: /ann@desk/ })
  assert.deepEqual([ann.works(), bob.works()], [true, false])
  ann.finish()
  assert.equal(await ann.done, "ann@desk")
  const again = worker(kube, clock, "bob@desk")
  await clock.advance(100)
  assert.equal(again.works(), true)
  again.finish()
  await again.done
})

/** As a process that was killed leaves it. */
async function leaveLease(kube: Kube) {
  const spec = { holderIdentity: "gone@desk", leaseDurationSeconds: 15, renewTime: "x" }
  const metadata = { name: "berth-apply", namespace: "kube-system" }
  await kube.create(leases, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec })
}

test("the lease of a process that was killed is waited out", async () => {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  await leaveLease(kube)
  const bob = worker(kube, clock, "bob@desk")
  await clock.advance(10_000)
  assert.equal(bob.works(), false)
  await clock.advance(8_000)
  assert.equal(bob.works(), true)
  bob.finish()
  await bob.done
})

test("a claim that is answered late is not taken for somebody else's", async () => {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  await leaveLease(kube)
  const slow: Kube = {
    ...kube,
    async replace(...args) {
      const answer = await kube.replace(...args)
      await clock.sleep(3_000)
      return answer
    },
  }
  const bob = worker(slow, clock, "bob@desk")
  await clock.advance(25_000)
  assert.equal(bob.works(), true)
  bob.finish()
  await clock.advance(5_000)
  assert.equal(await bob.done, "bob@desk")
})

test("work ends when the lease is taken away", async () => {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const ann = worker(kube, clock, "ann@desk")
  await clock.advance(100)
  const lease = await kube.get(leases, "berth-apply", "kube-system")
  assert.ok(lease)
  await kube.replace(leases, { ...lease, spec: { ...lease.spec, holderIdentity: "thief" } })
  await clock.advance(3_000)
  await assert.rejects(ann.done, { code: "cli/apply-under-way", message: /taken over/ })
})
