import assert from "node:assert/strict"
import { test } from "node:test"
import type { Pod } from "../api/core.ts"
import { events } from "../api/resources.ts"
import { EventRecorder } from "../kube/event-recorder.ts"
import { memoryKube } from "../kube/memory/memory-kube.ts"
import { silentLogger } from "../log.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { type Outlook, PodReasons } from "./pod-reasons.ts"
import { testPod } from "./testing/fake-controller.ts"

const refusal = { why: "subnet-1 is full", hint: "Add one.", refused: true, final: false }
const setUp = { why: "eni-2 is set up", hint: "Wait.", refused: false, final: false }

async function world() {
  const clock = virtualClock()
  const kube = memoryKube()
  const log = silentLogger
  const recorder = new EventRecorder({ kube, clock, log, controller: "c", instance: "i" })
  const reasons = new PodReasons(recorder, clock)
  const pods = ["a", "b", "c", "d"].map((name) => testPod(name, "n1"))
  const tell = (outlook: Partial<Outlook>, waiting: readonly Pod[] = pods) =>
    reasons.tell(
      { byPlacement: new Map([["node", waiting]]), others: new Map(), refused: [] },
      () => ({ ready: 0, coming: 0, comingReason: setUp, reason: refusal, ...outlook }),
    )
  const told = async () => {
    await recorder.flush()
    const { items } = await kube.list(events)
    return items.map((e) => `${e.regarding.name}: ${e.note}`).sort()
  }
  return { clock, tell, told }
}

test("W11: only pods for which nothing is there or coming are told of a refusal, and at once", async () => {
  const { tell, told } = await world()
  tell({ ready: 1, coming: 2 })
  assert.deepEqual(await told(), ["d: no address: subnet-1 is full. Add one."])
})

test("a pod whose address is there is told nothing, however long its runtime takes", async () => {
  const { clock, tell, told } = await world()
  assert.equal(tell({ ready: 4 }), undefined)
  await clock.advance(60_000)
  assert.equal(tell({ ready: 4 }), undefined)
  assert.deepEqual(await told(), [])
})

test("a pod that waits for an interface to be set up is told after a while, once", async () => {
  const { clock, tell, told } = await world()
  assert.notEqual(tell({ coming: 4 }), undefined)
  assert.deepEqual(await told(), [])
  await clock.advance(6_000)
  tell({ coming: 4 })
  tell({ coming: 4 })
  assert.equal((await told()).length, 4)
})
