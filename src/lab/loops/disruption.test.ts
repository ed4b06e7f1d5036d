import assert from "node:assert/strict"
import { test } from "node:test"
import { type Budget, budgetStatus, budgets } from "./disruption-loop.ts"
import type { LabPod } from "./pod.ts"
import { addNode, loopWorld } from "./testing/loop-world.ts"
import { deployments } from "./workloads.ts"

const budget = (spec: Budget["spec"], status?: Budget["status"]): Budget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "web", namespace: "default" },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
  ...(status ? { status } : {}),
})

const pod = (name: string, ready = true): LabPod =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: { containers: [] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  }) as LabPod

const three = [pod("a"), pod("b"), pod("c", false)]
const scale = () => ({ uid: "rs", replicas: 3 })
const allowed = (spec: Budget["spec"], pods = three) =>
  budgetStatus(budget(spec), pods, scale, 0).disruptionsAllowed

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
  assert.equal(budgetStatus(spent, all, scale, 1000).disruptionsAllowed, 0)
  assert.equal(
    budgetStatus(spent, all.slice(1).concat(pod("d")), scale, 1000).disruptionsAllowed,
    1,
  )
  assert.equal(budgetStatus(spent, all, scale, 10 * 60_000).disruptionsAllowed, 1)
})

test("the loop writes the status of a budget over a Deployment", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  await world.kube.create(budgets, budget({ maxUnavailable: 1 }))
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
