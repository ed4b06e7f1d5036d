import assert from "node:assert/strict"
import { test } from "node:test"
import { memoryKernel } from "../kernel/memory/memory-kernel.ts"
import { silentLogger } from "../log.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { InterfaceKeeper } from "./interface-keeper.ts"
import { podInterface, primaryInterface } from "./testing/fake-controller.ts"

function world() {
  const kernel = memoryKernel()
  const clock = virtualClock()
  const open = new Map<string, boolean>()
  let repairs = 0
  const keeper = new InterfaceKeeper({
    kernel,
    clock,
    log: silentLogger,
    mtu: 9001,
    isolates: () => false,
    opened: (id, is) => void open.set(id, is),
    repaired: () => {
      repairs++
    },
  })
  return { kernel, clock, open, keeper, repairs: () => repairs }
}
const eni = podInterface(1, 2)
const rulesOf = (w: ReturnType<typeof world>) => w.kernel.host.rules().filter((r) => r.from)

test("W22: an interface opens when its link appears, however long EC2 takes to show it", async () => {
  const w = world()
  w.keeper.update([primaryInterface(), { ...eni, state: "Attaching" }])
  assert.deepEqual([w.open.get("eni-0"), w.open.get("eni-1")], [true, false])
  assert.match(w.keeper.problems()[0]?.problem ?? "", /0a:00:00:00:00:01/)
  await w.clock.advance(60_000)
  assert.equal(w.open.get("eni-1"), false)
  w.kernel.plug(eni.mac)
  await w.clock.advance(1_500)
  assert.equal(w.open.get("eni-1"), true)
  assert.deepEqual(
    rulesOf(w).map((r) => [r.from, r.table]),
    [["100.64.1.10/32", 2]],
  )
  assert.equal(w.clock.sleepers, 0, "nothing is looked for any more")
})

test("what something else removes is put back", () => {
  const w = world()
  w.kernel.plug(eni.mac)
  w.keeper.update([eni])
  w.kernel.host.apply([{ do: "removeRule", rule: rulesOf(w)[0]! }])
  w.keeper.verify()
  assert.equal(rulesOf(w).length, 1)
  assert.equal(w.repairs(), 1)
  w.keeper.verify()
  assert.equal(w.repairs(), 1)
})

test("an interface that status drops leaves no rule behind; foreign ones are not touched", () => {
  const w = world()
  w.kernel.plug(eni.mac)
  w.keeper.update([eni])
  w.keeper.update([{ ...podInterface(2, 1), state: "Foreign" }])
  assert.deepEqual(rulesOf(w), [])
  assert.equal(w.open.has("eni-2"), false)
})
