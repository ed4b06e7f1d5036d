import assert from "node:assert/strict"
import { test } from "node:test"
import { indexFleet } from "../facts/fleet-index.ts"
import { node, smallFleet } from "../testing/small-fleet.ts"
import { compareMaxPods } from "./compare-max-pods.ts"

const rowsOf = (nodes: ReturnType<typeof node>[]) =>
  compareMaxPods(indexFleet(smallFleet({ cluster: { nodes } })))

test("W13: a node left at its number from before custom networking promises too many pods", () => {
  const rows = rowsOf([node("a"), node("b", { allocatablePods: 29 })])
  assert.deepEqual(
    rows.map((r) => [r.verdict, r.nodes, r.advertised, r.recommended, r.addresses]),
    [
      ["too many", ["node-b"], 29, 20, 18],
      ["right", ["node-a"], 20, 20, 18],
    ],
  )
})

test("fewer pods than fit is room, a type nobody knows is unknown", () => {
  const labels = { ...node("b").labels, "node.kubernetes.io/instance-type": "m99.large" }
  const rows = rowsOf([node("a", { allocatablePods: 11 }), node("b", { labels })])
  assert.deepEqual(
    rows.map((r) => [r.verdict, r.type]),
    [
      ["unknown", "m99.large"],
      ["room", "m5.large"],
    ],
  )
})

test("an ENI that the plugin must not touch is one less", () => {
  const base = smallFleet()
  const interfaces = base.aws!.interfaces.map((i) =>
    i.id === "eni-a1" ? { ...i, tags: { "node.k8s.amazonaws.com/no_manage": "true" } } : i,
  )
  const [first] = compareMaxPods(indexFleet(smallFleet({ aws: { interfaces } })))
  assert.deepEqual([first?.verdict, first?.nodes, first?.recommended], ["too many", ["node-a"], 11])
})
