import assert from "node:assert/strict"
import { test } from "node:test"
import { indexFleet } from "../facts/fleet-index.ts"
import { node, pod, smallFleet } from "../testing/small-fleet.ts"
import { planRotation } from "./plan-rotation.ts"

const asg = {
  name: "workers",
  min: 0,
  max: 3,
  desired: 2,
  instanceIds: ["i-a", "i-b"],
  subnetIds: ["subnet-nodes-a", "subnet-nodes-b"],
  tags: {},
}
const owned = (name: string, zone: "a" | "b") => ({
  ...pod(name, zone, "100.64.0.10"),
  owner: "ReplicaSet/web",
  labels: { app: "web" },
})

test("only nodes that need it are planned, with who replaces them", () => {
  const nodes = [node("a"), node("b", { allocatablePods: 29 })]
  const fleet = smallFleet({
    cluster: {
      nodes,
      pods: [owned("web-1", "b"), { ...owned("aws-node-x", "b"), owner: "DaemonSet/aws-node" }],
    },
    aws: { autoScalingGroups: [asg] },
  })
  const plan = planRotation(indexFleet(fleet))
  assert.deepEqual(plan.nodes, [
    {
      node: "node-b",
      zone: "us-west-2b",
      type: "m5.large",
      group: "asg/workers",
      reasons: ["max-pods"],
      pods: 1,
    },
  ])
  // A node more could start in zone a, and leave zone b without one.
  assert.equal(plan.maxSurge, 0)
  assert.ok(plan.warnings.some((w) => /one node alone in us-west-2b/.test(w.says)))
  assert.deepEqual(planRotation(indexFleet(smallFleet())), { nodes: [], maxSurge: 1, warnings: [] })
})

test("what will hold it up is said before it begins", () => {
  const fleet = smallFleet({
    cluster: {
      pods: [owned("web-1", "a"), pod("bare", "a", "100.64.0.11")],
      disruptionBudgets: [
        {
          namespace: "shop",
          name: "web",
          disruptionsAllowed: 0,
          expectedPods: 1,
          matchLabels: { app: "web" },
        },
        {
          namespace: "shop",
          name: "other",
          disruptionsAllowed: 0,
          expectedPods: 1,
          matchLabels: { app: "db" },
        },
      ],
    },
    aws: {
      autoScalingGroups: [asg],
      subnets: smallFleet().aws!.subnets.map((s) => ({ ...s, availableAddresses: 0 })),
    },
  })
  const { warnings, maxSurge } = planRotation(indexFleet(fleet), fleet.cluster.nodes.slice(0, 1))
  const text = warnings.map((w) => w.says).join("\n")
  assert.match(text, /^PodDisruptionBudget shop\/web allows no disruption now/)
  assert.match(text, /1 pod has no controller .*: shop\/bare/)
  assert.match(text, /no subnet of asg\/workers has an address for a node more/)
  assert.equal(maxSurge, 0)
  assert.equal(warnings.length, 3)
})

test("nodes that nobody replaces, Karpenter's nodes", () => {
  const labels = { ...node("b").labels, "karpenter.sh/nodepool": "default" }
  const fleet = smallFleet({ cluster: { nodes: [node("a"), node("b", { labels })], pods: [] } })
  const plan = planRotation(indexFleet(fleet), fleet.cluster.nodes)
  assert.deepEqual(
    plan.nodes.map((n) => n.group),
    ["none", "karpenter/default"],
  )
  assert.match(plan.warnings[0]?.says ?? "", /nobody replaces node-a/)
})
