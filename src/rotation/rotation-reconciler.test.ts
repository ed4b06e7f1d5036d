import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeRotationSpec } from "../api/noderotation.ts"
import { nodeRotations } from "../api/resources.ts"
import { type Kube, KubeError } from "../kube/kube.ts"
import { silentLogger } from "../log.ts"
import { reconcileRotations } from "./rotation-reconciler.ts"
import { FakeCluster } from "./testing/fake-cluster.ts"

async function inController(
  act: (cluster: FakeCluster) => Promise<void>,
  around: (kube: Kube) => Kube = (kube) => kube,
  holdsLease = () => true,
): Promise<void> {
  const cluster = new FakeCluster()
  for (const name of ["a", "b"]) await cluster.addNode(name)
  await cluster.clock.advance(60_000)
  const stop = new AbortController()
  const running = reconcileRotations(
    {
      kube: around(cluster.kube),
      clock: cluster.clock,
      random: () => 0.5,
      log: silentLogger,
      groups: cluster,
      inspect: async () => undefined,
      holdsLease,
    },
    stop.signal,
  )
  try {
    await act(cluster)
  } finally {
    stop.abort()
    await cluster.clock.settle()
    await running
  }
  assert.equal(cluster.clock.sleepers, 0)
}

const create = (cluster: FakeCluster, name: string, spec: NodeRotationSpec) =>
  cluster.kube.create(nodeRotations, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "NodeRotation",
    metadata: { name },
    spec,
  })

const phaseOf = async (cluster: FakeCluster, name: string) =>
  (await cluster.kube.get(nodeRotations, name))?.status?.phase

/** Lets time pass, and the group make its nodes, until the rotation is in this phase. */
async function reach(cluster: FakeCluster, name: string, phase: string): Promise<void> {
  for (let i = 0; i < 200 && (await phaseOf(cluster, name)) !== phase; i++) {
    await cluster.settle()
    await cluster.clock.advance(5_000)
  }
  assert.equal(await phaseOf(cluster, name), phase)
}

test("a NodeRotation is carried out, and its status says how far it is", () =>
  inController(async (cluster) => {
    await create(cluster, "r", { nodes: ["a", "b"] })
    await reach(cluster, "r", "Completed")
    assert.deepEqual(await cluster.nodeNames(), ["new-1", "new-2"])
    const { status } = (await cluster.kube.get(nodeRotations, "r")) ?? {}
    assert.deepEqual([status?.done, status?.total], [2, 2])
  }))

test("paused and undone through its spec", () =>
  inController(async (cluster) => {
    cluster.launchFailure = "InsufficientInstanceCapacity"
    await create(cluster, "r", { nodes: ["a"] })
    await reach(cluster, "r", "Running")
    const patch = (spec: Partial<NodeRotationSpec>) =>
      cluster.kube.patch(nodeRotations, { name: "r" }, { type: "merge", body: { spec } })
    await patch({ paused: true })
    await reach(cluster, "r", "Paused")
    await patch({ paused: false, undo: true })
    await reach(cluster, "r", "Undone")
    assert.deepEqual(await cluster.nodeNames(), ["a", "b"])
  }))

test("a second rotation waits for the first, then runs", () =>
  inController(async (cluster) => {
    cluster.launchFailure = "InsufficientInstanceCapacity"
    await create(cluster, "one", { nodes: ["a"] })
    await cluster.clock.advance(2_000)
    await create(cluster, "two", { nodes: ["b"] })
    await reach(cluster, "two", "Paused")
    const { status } = (await cluster.kube.get(nodeRotations, "two")) ?? {}
    assert.match(status?.message ?? "", /waits for NodeRotation one/)
    cluster.launchFailure = undefined
    await reach(cluster, "one", "Completed")
    await reach(cluster, "two", "Completed")
  }))

test("a leader that may have lost its lease asks nothing of the group", async () => {
  let holds = false
  await inController(
    async (cluster) => {
      await create(cluster, "r", { nodes: ["a"] })
      await cluster.clock.advance(30_000)
      assert.equal(cluster.desired, 2)
      holds = true
      await reach(cluster, "r", "Completed")
    },
    undefined,
    () => holds,
  )
})

test("a term ends though the nodes could not be listed", () => {
  const withoutNodes = (kube: Kube): Kube => ({
    ...kube,
    list: (resource, query) =>
      resource.kind === "Node"
        ? Promise.reject(new KubeError(0, "Unreachable", "no answer"))
        : kube.list(resource, query),
  })
  return inController(async (cluster) => {
    await create(cluster, "r", { nodes: ["a"] })
    await cluster.clock.advance(30_000)
    assert.equal(await phaseOf(cluster, "r"), undefined)
  }, withoutNodes)
})

test("a status is written when it differs, in whatever order the API server states its fields", () => {
  let writes = 0
  const sorting = (kube: Kube): Kube => ({
    ...kube,
    async list(resource, query) {
      const { items, resourceVersion } = await kube.list(resource, query)
      return { items: items.map(sorted), resourceVersion }
    },
    async *watch(resource, query) {
      for await (const event of kube.watch(resource, query))
        yield { ...event, object: sorted(event.object) }
    },
    replace(resource, object, subresource) {
      if (resource.kind === "NodeRotation") writes++
      return kube.replace(resource, object, subresource)
    },
  })
  return inController(async (cluster) => {
    cluster.launchFailure = "InsufficientInstanceCapacity"
    await create(cluster, "r", { nodes: ["a"], paused: true })
    await reach(cluster, "r", "Paused")
    await cluster.clock.advance(60_000)
    assert.equal(writes, 1)
  }, sorting)
})

/** As the API server answers: the fields of custom resources by name. */
const sorted = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value), (_, v: unknown) =>
    typeof v === "object" && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => a.localeCompare(b)))
      : v,
  )
