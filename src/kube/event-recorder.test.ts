import assert from "node:assert/strict"
import { test } from "node:test"
import { events } from "../api/resources.ts"
import { silentLogger } from "../log.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { EventRecorder } from "./event-recorder.ts"
import { KubeError } from "./kube.ts"
import { memoryKube } from "./memory/memory-kube.ts"

function world() {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const recorder = new EventRecorder({
    kube,
    clock,
    log: silentLogger,
    controller: "berth.dev/test",
    instance: "pod-1",
  })
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n1", uid: "u1" } }
  const say = (note: string) =>
    recorder.record({ regarding: node, type: "Warning", reason: "Full", action: "Supply", note })
  const written = async () => {
    await recorder.flush()
    return (await kube.list(events)).items
  }
  return { clock, kube, say, written }
}

test("repetitions are counted on the first event, a later one starts anew", async () => {
  const { clock, say, written } = world()
  say("subnet full")
  say("subnet full")
  await clock.advance(31_000)
  say("subnet full")
  const [event, ...others] = await written()
  assert.deepEqual(others, [])
  assert.equal(event?.series?.count, 3)
  assert.equal(event?.metadata.namespace, "default")
  assert.deepEqual(event?.regarding, { apiVersion: "v1", kind: "Node", name: "n1", uid: "u1" })
  await clock.advance(7 * 60_000)
  say("subnet full")
  assert.equal((await written()).length, 2)
})

test("an object gets a burst of events, then no more until time passes", async () => {
  const { clock, say, written } = world()
  for (let i = 0; i < 100; i++) say(`note ${i}`)
  assert.equal((await written()).length, 25)
  await clock.advance(60_000)
  for (let i = 0; i < 100; i++) say(`later ${i}`)
  assert.equal((await written()).length, 30)
})

test("a failing API is no trouble to the caller", async () => {
  const { kube, say, written } = world()
  kube.setFault(({ method }) => {
    if (method === "create") throw new KubeError(403, "Forbidden", "no")
  })
  say("a")
  assert.deepEqual(await written(), [])
})
