import assert from "node:assert/strict"
import { test } from "node:test"
import { systemClock } from "../../clock.ts"
import { Informer } from "../../kube/informer.ts"
import type { Kube } from "../../kube/kube.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { silentLogger } from "../../log.ts"
import { type LabPod, labPods } from "./pod.ts"
import { View } from "./view.ts"

const pod = (name: string, owner?: string): LabPod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace: "default",
    ...(owner
      ? {
          ownerReferences: [
            { apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", uid: owner, controller: true },
          ],
        }
      : {}),
  },
  spec: { containers: [] },
})

/** A view whose watch tells nothing until `release` is called: the laziest API there is. */
async function lateView() {
  const stop = new AbortController()
  const memory = memoryKube()
  const gate = Promise.withResolvers<void>()
  const kube: Kube = {
    ...memory,
    async *watch(resource, query) {
      await gate.promise
      yield* memory.watch(resource, query)
    },
  }
  const options = { kube, clock: systemClock, random: Math.random, log: silentLogger }
  const informer = new Informer<LabPod>({ ...options, signal: stop.signal, resource: labPods })
  await informer.synced()
  const view = new View(kube, systemClock, informer, labPods)
  return {
    kube,
    view,
    release: gate.resolve,
    [Symbol.dispose]: () => {
      gate.resolve()
      stop.abort()
    },
  }
}

test("a write is seen by the next read, before the watch tells of it", async () => {
  using late = await lateView()
  await late.view.create(pod("a", "rs"))
  assert.equal(late.view.ownedBy("rs").length, 1)
  const labelled = { metadata: { labels: { x: "y" } } }
  await late.view.patch(late.view.get("default/a")!, { type: "merge", body: labelled })
  assert.equal(late.view.get("default/a")?.metadata.labels?.["x"], "y")
  await late.view.remove(late.view.get("default/a")!)
  assert.ok(late.view.get("default/a")?.metadata.deletionTimestamp)
})

test("what the watch tells late does not bring back what is older", async () => {
  using late = await lateView()
  const created = await late.view.create(pod("a"))
  const body = { metadata: { labels: { x: "y" } } }
  await late.view.patch(created, { type: "merge", body })
  const seen: string[] = []
  late.view.onChange((p) => seen.push(p.metadata.labels?.["x"] ?? "none"))
  await late.kube.create(labPods, pod("b"))
  late.release()
  const deadline = Date.now() + 5_000
  while (!late.view.get("default/b") && Date.now() < deadline) await systemClock.sleep(5)
  assert.equal(late.view.get("default/a")?.metadata.labels?.["x"], "y")
  assert.deepEqual(seen, ["y", "none"])
})
