import assert from "node:assert/strict"
import { test } from "node:test"
import { budgetStatus } from "./disruption-plan.ts"
import type { LabPod } from "./pod.ts"
import { addNode, loopWorld } from "./testing/loop-world.ts"
import { type DisruptionBudget, deployments, disruptionBudgets } from "./workloads.ts"

const budget = (
  spec: Partial<DisruptionBudget["spec"]>,
  status?: DisruptionBudget["status"],
): DisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "web", namespace: "default" },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
  ...(status ? { status } : {}),
})

const pod = (name: string, ready = true): LabPod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", labels: { app: "web" } },
  spec: { containers: [] },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: "" }],
  },
})

const three = [pod("a"), pod("b"), pod("c", false)]
const allowed = (spec: Partial<DisruptionBudget["spec"]>, pods = three) =>
  budgetStatus({ budget: budget(spec), pods, scale: 3, now: 0 }).disruptionsAllowed

test("disruptions are what is healthy beyond what must be", () => {
  assert.equal(allowed({ minAvailable: 1 }), 1)
  assert.equal(allowed({ maxUnavailable: 1 }), 0)
  assert.equal(allowed({ maxUnavailable: 1 }, [pod("a"), pod("b"), pod("c")]), 1)
  assert.equal(allowed({ minAvailable: "50%" }), 0)
  assert.equal(allowed({ maxUnavailable: "100%" }), 2)
})

test("an allowed eviction counts until its pod is seen to go", () => {
  const all = [pod("a"), pod("b"), pod("c")]
  const spent = budget(
    { maxUnavailable: 1 },
    {
      disruptionsAllowed: 0,
      currentHealthy: 3,
      desiredHealthy: 2,
      expectedPods: 3,
      disruptedPods: { a: "1970-01-01T00:00:00Z" },
    },
  )
  const after = (pods: LabPod[], now: number) =>
    budgetStatus({ budget: spent, pods, scale: 3, now }).disruptionsAllowed
  assert.equal(after(all, 1000), 0)
  assert.equal(after([pod("b"), pod("c"), pod("d")], 1000), 1)
  assert.equal(after(all, 10 * 60_000), 1)
})

test("the loop writes the status of a budget over a Deployment", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  await world.kube.create(disruptionBudgets, budget({ maxUnavailable: 1 }))
  await world.kube.create(deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "one" }] },
      },
    },
  })
  await world.until(
    "one disruption allowed",
    () => world.cluster.budgets.get("default/web")?.status?.disruptionsAllowed === 1,
  )
})
