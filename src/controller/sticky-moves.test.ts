import assert from "node:assert/strict"
import { test } from "node:test"
import type { StickyPod } from "../api/nodenetwork.ts"
import type { Occurrence } from "../kube/event-recorder.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { StickyMoves } from "./sticky-moves.ts"

const pod = (more: Partial<StickyPod>): StickyPod => ({
  ...{ pool: "db", namespace: "bank", name: "db-0", address: "100.64.0.10" },
  ...more,
})
const kept = pod({ keptUntil: "2100-01-01T00:00:00.000Z" })
const running = pod({ uid: "uid-2", address: "100.64.0.77" })

function scene() {
  const told: Occurrence[] = []
  const recorder = { record: (occurrence: Occurrence) => void told.push(occurrence) }
  const moves = new StickyMoves({ clock: virtualClock(), recorder })
  return { told, moves }
}

test("a pod that comes up on another node is told once where its address is kept, whoever reports first", () => {
  for (const order of [
    ["a", "b"],
    ["b", "a"],
  ]) {
    const { told, moves } = scene()
    for (const node of order) moves.note(node, [node === "a" ? kept : running])
    moves.note("a", [kept])
    assert.equal(told.length, 1)
    assert.match(JSON.stringify(told[0]?.regarding), /uid-2/)
    assert.match(
      told[0]?.note ?? "",
      /100\.64\.0\.10 could not be kept: it is kept on node a until 2100/,
    )
  }
})

test("a pod on the node that keeps its address, or after the time, is told nothing", () => {
  const { told, moves } = scene()
  moves.note("a", [kept])
  moves.note("a", [running])
  moves.note("b", [pod({ keptUntil: "1960-01-01T00:00:00.000Z" })])
  assert.deepEqual(told, [])
})
