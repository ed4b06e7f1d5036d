import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeRotationStatus } from "../../api/noderotation.ts"
import { plain } from "../terminal.ts"
import { changeLines, duration, planPage, progressPage } from "./rotation-page.ts"

const startedAt = "2026-11-23T03:00:00Z"
const since = startedAt
const long = (n: number) => `ip-10-0-0-${n}.us-west-2.compute.internal`

const half: NodeRotationStatus = {
  phase: "Running",
  message: "",
  done: 1,
  total: 2,
  nodes: [
    { name: long(4), state: "Done", since, replacement: long(9) },
    { name: long(5), state: "Draining", since, replacement: long(10), message: "3 pods left" },
  ],
}

test("progress fits 80 columns, and tells the time left from the pace so far", () => {
  const now = Date.parse("2026-11-23T03:09:00Z")
  const page = progressPage(half, { spec: { nodes: [] }, startedAt }, now, { ...plain, width: 80 })
  assert.match(page, /1 of 2 nodes, Running, about 3 min left\n/)
  assert.match(page, /ip-10-0-0-5: draining \(replaced by ip-10-0-0-10\), 3 pods left\n/)
  assert.ok(page.split("\n").every((line) => line.length <= 80))
})

test("a log gets a line for what changed, and none for what did not", () => {
  assert.deepEqual(changeLines(half, half), [])
  const [second] = half.nodes.slice(1)
  const nodes = [...half.nodes.slice(0, 1), { ...second!, message: "2 pods left" }]
  assert.deepEqual(changeLines(half, { ...half, nodes }), [
    `1/2 ${long(5)}: draining (replaced by ${long(10)}), 2 pods left`,
  ])
  const blocked = { ...half, phase: "Blocked" as const, message: "no" }
  assert.deepEqual(changeLines(half, blocked), ["1/2 Blocked: no"])
})

test("durations as people say them", () => {
  assert.deepEqual([3, 89, 600, 7500].map(duration), ["3 s", "89 s", "10 min", "2 h 5 min"])
})

test("a plan without nodes says so", () => {
  assert.equal(
    planPage({ nodes: [], maxSurge: 1, warnings: [] }, plain),
    "No node needs to be replaced.\n",
  )
})
