import assert from "node:assert/strict"
import { test } from "node:test"
import { leases } from "../../api/resources.ts"
import { type MemoryKube, memoryKube } from "../../kube/memory/memory-kube.ts"
import { type VirtualClock, virtualClock } from "../../testing/virtual-clock.ts"
import { withApplyLease } from "./apply-lease.ts"

function worker(kube: MemoryKube, clock: VirtualClock, identity: string) {
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

test("the lease of a process that was killed is waited out", async () => {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const spec = { holderIdentity: "gone@desk", leaseDurationSeconds: 15, renewTime: "x" }
  const metadata = { name: "berth-apply", namespace: "kube-system" }
  await kube.create(leases, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec })
  const bob = worker(kube, clock, "bob@desk")
  await clock.advance(10_000)
  assert.equal(bob.works(), false)
  await clock.advance(8_000)
  assert.equal(bob.works(), true)
  bob.finish()
  await bob.done
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
