import assert from "node:assert/strict"
import { test } from "node:test"
import { indexFleet } from "./facts/fleet-index.ts"
import { rollover } from "./rollover.ts"
import type { AwsFacts, ClusterFacts } from "./snapshot.ts"
import { node, pod, smallFleet } from "./testing/small-fleet.ts"

const healthy = smallFleet()
const aws = healthy.aws as AwsFacts
const set = healthy.cluster.daemonSet as NonNullable<ClusterFacts["daemonSet"]>
const stock = { daemonSet: { ...set, berth: false } }
const astray: Partial<AwsFacts> = {
  interfaces: aws.interfaces.map((i) =>
    i.id === "eni-a1" ? { ...i, subnetId: "subnet-nodes-a" } : i,
  ),
}
const reasons = (cluster: Partial<ClusterFacts>, facts?: Partial<AwsFacts>) =>
  rollover(indexFleet(smallFleet({ cluster, ...(facts && { aws: facts }) }))).map((r) => [
    r.node,
    ...r.reasons,
  ])

test("nothing is replaced without need", () => {
  assert.deepEqual(reasons({}), [])
})

test("ENIs in an old subnet need a new node with the VPC CNI, and none with Berth", () => {
  assert.deepEqual(reasons(stock, astray), [["node-a", "interfaces-elsewhere"]])
  assert.deepEqual(reasons({}, astray), [])
})

test("Berth needs a new node only when every slot is taken by an ENI in an old subnet", () => {
  const [, own] = astray.interfaces ?? []
  assert.ok(own?.attachment)
  const second = { ...own, id: "eni-a2", attachment: { ...own.attachment, deviceIndex: 2 } }
  assert.deepEqual(reasons({}, { interfaces: [...(astray.interfaces ?? []), second] }), [
    ["node-a", "no-slot"],
  ])
})

test("a max-pods that is too high needs a new node whoever runs the network", () => {
  const nodes = [node("a"), node("b", { allocatablePods: 29 })]
  assert.deepEqual(reasons({ nodes }), [["node-b", "max-pods"]])
})

test("broken nodes go first, then zones in turn, the emptiest first", () => {
  const old = (zone: "a" | "b", name: string, more = {}) =>
    node(zone, { name, allocatablePods: 29, ...more })
  const nodes = [
    old("a", "a-full"),
    old("a", "a-empty"),
    old("b", "b-1"),
    old("a", "a-broken", { ready: false }),
  ]
  const pods = [{ ...pod("web", "a", "100.64.0.10"), node: "a-full" }]
  const order = rollover(indexFleet(smallFleet({ cluster: { nodes, pods } }))).map((r) => r.node)
  assert.deepEqual(order, ["a-broken", "a-empty", "b-1", "a-full"])
})
