import assert from "node:assert/strict"
import { test } from "node:test"
import { coverage } from "./coverage.ts"
import { examine } from "./doctor/examination.ts"
import { indexFleet } from "./facts/fleet-index.ts"
import { node, pod, smallFleet } from "./testing/small-fleet.ts"

test("each placement has its nodes, pods and addresses, zone by zone", () => {
  const pods = [
    pod("web-1", "a", "100.64.0.10"),
    pod("web-2", "a"),
    pod("web-3", "b", "100.64.32.10"),
  ]
  const { places, uncovered } = coverage(examine(indexFleet(smallFleet({ cluster: { pods } }))))
  assert.deepEqual(
    places.map((p) => [p.zone, p.object, p.nodes, p.pods, p.waiting, p.free, p.held, p.atCapacity]),
    [
      ["us-west-2a", "ENIConfig/us-west-2a", ["node-a"], 1, 1, 8177, 10, 20],
      ["us-west-2b", "ENIConfig/us-west-2b", ["node-b"], 1, 0, 8177, 10, 20],
    ],
  )
  assert.deepEqual(uncovered, [])
})

test("nodes without a placement are listed by reason", () => {
  const nodes = ["x", "y"].map((name) =>
    node("a", { name, labels: { "topology.kubernetes.io/zone": "us-west-2c" } }),
  )
  const { places, uncovered } = coverage(examine(indexFleet(smallFleet({ cluster: { nodes } }))))
  assert.deepEqual(places, [])
  assert.deepEqual(
    uncovered.flatMap((u) => u.nodes),
    ["x", "y"],
  )
  assert.match(uncovered[0]?.why ?? "", /us-west-2c/)
})
