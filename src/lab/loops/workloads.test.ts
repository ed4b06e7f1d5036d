import assert from "node:assert/strict"
import { test } from "node:test"
import { nodes } from "../../api/resources.ts"
import { labPods } from "./pod.ts"
import { addNode, type LoopWorld, loopWorld } from "./testing/loop-world.ts"
import {
  controllerRevisions,
  type DaemonSet,
  daemonSets,
  type Job,
  jobs,
  type StatefulSet,
  statefulSets,
} from "./workloads.ts"

const template = (image: string) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "web", image }] },
})
const metadata = { name: "web", namespace: "default" }
const selector = { matchLabels: { app: "web" } }

const daemonSet = (image: string): DaemonSet => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata,
  spec: { selector, template: template(image) },
})

const statefulSet = (replicas: number, image: string): StatefulSet => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata,
  spec: { replicas, selector, serviceName: "web", template: template(image) },
})

const names = (world: LoopWorld) =>
  world.cluster.pods
    .list()
    .map((p) => p.metadata.name)
    .sort()
const ready = (world: LoopWorld, image: string, count: number) =>
  world.until(`${count} pods of ${image}`, () => {
    const pods = world.cluster.pods.list()
    return (
      pods.length === count &&
      pods.every((p) => p.status?.phase === "Running" && p.spec.containers[0]?.image === image)
    )
  })

test("a DaemonSet runs one pod on every node, also on new ones and on those not ready", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  await world.kube.create(daemonSets, daemonSet("one"))
  await ready(world, "one", 1)
  await addNode(world.kube, "b")
  await ready(world, "one", 2)
  const on = world.cluster.pods.list().map((p) => p.spec.nodeName)
  assert.deepEqual(on.sort(), ["a", "b"])
  await world.until("status", () => {
    const status = world.cluster.daemonSets.get("default/web")?.status
    return status?.desiredNumberScheduled === 2 && status.numberAvailable === 2
  })
})

test("a DaemonSet rolls over one node at a time and keeps a history to go back", async () => {
  await using world = await loopWorld()
  for (const name of ["a", "b", "c"]) await addNode(world.kube, name)
  await world.kube.create(daemonSets, daemonSet("one"))
  await ready(world, "one", 3)
  let fewest = 3
  world.cluster.pods.onChange(() => {
    const running = world.cluster.pods
      .list()
      .filter((p) => p.status?.phase === "Running" && !p.metadata.deletionTimestamp).length
    fewest = Math.min(fewest, running)
  })
  const spec = (image: string) => ({ spec: { template: { spec: template(image).spec } } })
  await world.kube.patch(daemonSets, metadata, { type: "merge", body: spec("two") })
  await ready(world, "two", 3)
  assert.equal(fewest, 2)
  await world.kube.patch(daemonSets, metadata, { type: "merge", body: spec("one") })
  await ready(world, "one", 3)
  const { items } = await world.kube.list(controllerRevisions)
  assert.deepEqual(items.map((r) => r.revision).sort(), [2, 3])
})

test("a daemon pod that a NoExecute taint refuses goes, and does not come back", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  await world.kube.create(daemonSets, daemonSet("one"))
  await ready(world, "one", 1)
  const taints = [{ key: "maintenance", effect: "NoExecute" }]
  await world.kube.patch(nodes, { name: "a" }, { type: "merge", body: { spec: { taints } } })
  await world.until("no pod", () => world.cluster.pods.list().length === 0)
})

test("a StatefulSet grows in order, shrinks from the top and updates from the top", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  await world.kube.create(statefulSets, statefulSet(3, "one"))
  await ready(world, "one", 3)
  assert.deepEqual(names(world), ["web-0", "web-1", "web-2"])
  const created = world.events.filter((e) => e.startsWith("SuccessfulCreate"))
  assert.deepEqual(
    created.map((e) => e.slice(-5)),
    ["web-0", "web-1", "web-2"],
  )
  const spec = { template: { spec: template("two").spec } }
  await world.kube.patch(statefulSets, metadata, { type: "merge", body: { spec } })
  await ready(world, "two", 3)
  const deleted = world.events.filter((e) => e.startsWith("SuccessfulDelete"))
  assert.deepEqual(
    deleted.map((e) => e.slice(-5)),
    ["web-2", "web-1", "web-0"],
  )
  await world.kube.patch(statefulSets, metadata, { type: "merge", body: { spec: { replicas: 1 } } })
  await ready(world, "two", 1)
  assert.deepEqual(names(world), ["web-0"])
})

test("a Job runs its pods to completion and says so", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  const job: Job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata,
    spec: { completions: 2, parallelism: 1, template: template("one") },
  }
  await world.kube.create(jobs, job)
  world.cluster.pods.onChange((pod) => {
    if (pod.status?.phase !== "Running") return
    const body = { status: { phase: "Succeeded" } }
    void world.kube.patch(labPods, pod.metadata, { type: "merge", subresource: "status", body })
  })
  const done = await world.until("complete", () => {
    const status = world.cluster.jobs.get("default/web")?.status
    return status?.conditions?.some((c) => c.type === "Complete") && status
  })
  assert.equal(done.succeeded, 2)
  assert.ok(done.completionTime)
})

test("the pods of a node that is gone are removed", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  await world.kube.create(daemonSets, daemonSet("one"))
  await ready(world, "one", 1)
  await world.kube.remove(nodes, { name: "a" })
  await world.until("no pod", () => world.cluster.pods.list().length === 0)
})
