import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeRotationSpec, NodeRotationStatus } from "../api/noderotation.ts"
import { nodeClaims, nodes, pods } from "../api/resources.ts"
import { fail } from "../errors/catalogue.ts"
import { KubeError } from "../kube/kube.ts"
import type { RotationPorts } from "./rotation-ports.ts"
import { createRotator } from "./rotator.ts"
import { runRotation } from "./run-rotation.ts"
import { FakeCluster } from "./testing/fake-cluster.ts"

/** A terminal process over a cluster; `restart` forgets everything that is not recorded. */
async function rotate(
  cluster: FakeCluster,
  spec: NodeRotationSpec,
  options: Partial<RotationPorts> & { before?: NodeRotationStatus; steps?: number } = {},
): Promise<{ status: NodeRotationStatus; seen: string[] }> {
  const seen: string[] = []
  let all = (await cluster.kube.list(nodes)).items
  const ports: RotationPorts = {
    kube: cluster.kube,
    groups: cluster,
    clock: cluster.clock,
    nodes: () => all,
    inspect: async () => undefined,
    ...options,
  }
  const stop = new AbortController()
  let steps = 0
  const run = {
    rotator: createRotator(ports),
    clock: cluster.clock,
    spec: async () => spec,
    before: options.before,
    save: async (status: NodeRotationStatus) => {
      seen.push(`${status.phase}: ${status.message}`)
      await cluster.settle()
      all = (await cluster.kube.list(nodes)).items
      if (++steps >= (options.steps ?? 400)) stop.abort()
    },
    stopWhenBlocked: false,
  }
  const ended = runRotation(run, stop.signal)
  let done = false
  void ended.finally(() => {
    done = true
  })
  await cluster.clock.until(() => done, 24 * 3_600_000)
  return { status: await ended, seen }
}

async function twoNodes(): Promise<FakeCluster> {
  const cluster = new FakeCluster()
  for (const name of ["a", "b"]) await cluster.addNode(name)
  await cluster.clock.advance(60_000)
  return cluster
}

test("nodes of a scaling group are replaced one by one, and the group ends as it began", async () => {
  const cluster = await twoNodes()
  await cluster.addPod("web-1", "a")
  const { status } = await rotate(cluster, { nodes: ["a", "b"] })
  assert.equal(status.phase, "Completed")
  assert.deepEqual(await cluster.nodeNames(), ["new-1", "new-2"])
  assert.deepEqual([cluster.desired, cluster.max], [2, 3])
  assert.ok(cluster.restored > 0)
  assert.deepEqual((await cluster.kube.list(pods)).items, [])
})

test("without surge a node goes before its successor starts, whatever step a process dies at", async () => {
  for (let dies = 1; dies < 12; dies++) {
    const cluster = await twoNodes()
    cluster.max = 2
    await cluster.addPod("web-1", "a")
    const spec = { nodes: ["a", "b"], maxSurge: 0 }
    const { status: before } = await rotate(cluster, spec, { steps: dies })
    const { status } = await rotate(cluster, spec, { before })
    assert.equal(status.phase, "Completed", `${dies}: ${status.message}`)
    assert.deepEqual(await cluster.nodeNames(), ["new-1", "new-2"])
    assert.deepEqual(
      status.nodes.map((n) => n.replacement),
      ["new-1", "new-2"],
    )
    assert.deepEqual([cluster.desired, cluster.largest], [2, 2])
  }
})

test("a pod that tolerates the cordon and comes back at once holds no drain up", async () => {
  const cluster = await twoNodes()
  const names: string[] = []
  const start = async () => {
    const target = { namespace: "shop", name: `controller-${names.length}` }
    names.push(target.name)
    await cluster.addPod(target.name, "a")
    const body = { spec: { tolerations: [{ operator: "Exists" }] } }
    await cluster.kube.patch(pods, target, { type: "merge", body })
  }
  await start()
  const { createSubresource } = cluster.kube
  const kube = {
    ...cluster.kube,
    createSubresource: (async (...args) => {
      await createSubresource(...args)
      await cluster.clock.sleep(1_000)
      await start()
    }) as typeof createSubresource,
  }
  const { status } = await rotate(cluster, { nodes: ["a"] }, { kube })
  assert.equal(status.phase, "Completed")
  assert.equal(names.length, 2)
})

test("DaemonSet pods, mirror pods and finished pods hold no drain up, and are not evicted", async () => {
  const cluster = await twoNodes()
  const set = {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    name: "aws-node",
    uid: "2",
    controller: true,
  }
  await cluster.addPod("aws-node-x", "a", { ownerReferences: [set] })
  await cluster.addPod("proxy-a", "a", { annotations: { "kubernetes.io/config.mirror": "1" } })
  await cluster.addPod("done", "a")
  await cluster.kube.patch(
    pods,
    { name: "done", namespace: "shop" },
    {
      type: "merge",
      body: { status: { phase: "Succeeded" } },
      subresource: "status",
    },
  )
  const { status } = await rotate(cluster, { nodes: ["a"] })
  assert.equal(status.phase, "Completed")
  assert.equal((await cluster.kube.list(pods)).items.length, 3)
})

test("what a PodDisruptionBudget says is on the status, and the drain ends when it allows the eviction", async () => {
  const cluster = await twoNodes()
  await cluster.addPod("web-1", "a")
  let refusals = 0
  cluster.kube.setFault(({ method }) => {
    if (method === "createSubresource" && ++refusals < 400)
      throw new KubeError(429, "TooManyRequests", "Cannot evict pod as it would violate the budget")
  })
  const { status, seen } = await rotate(
    cluster,
    { nodes: ["a"], drainTimeoutSeconds: 60 },
    { steps: 500 },
  )
  assert.ok(
    seen.some((s) => /^Blocked: a: blocked: shop\/web-1 may not be evicted: Cannot evict/.test(s)),
  )
  assert.equal(status.phase, "Completed")
})

test("AWS refusing a call blocks the rotation with its words, and nothing counts as done", async () => {
  const cluster = await twoNodes()
  const scale = cluster.scale.bind(cluster)
  let refused = 3
  cluster.scale = (...call) => {
    if (refused-- > 0) throw fail("rotation/unauthorized", { action: "SetDesiredCapacity" })
    return scale(...call)
  }
  const { status, seen } = await rotate(cluster, { nodes: ["a"] })
  assert.ok(seen.includes("Blocked: scale asg-1: IAM forbids SetDesiredCapacity"))
  assert.equal(status.phase, "Completed")
  assert.equal(cluster.desired, 2)
})

test("another process goes on where one was stopped, at every step", async () => {
  for (let stopAt = 1; stopAt < 14; stopAt++) {
    const cluster = await twoNodes()
    await cluster.addPod("web-1", "a")
    const spec = { nodes: ["a", "b"] }
    const first = await rotate(cluster, spec, { steps: stopAt })
    const { status } = await rotate(cluster, spec, { before: first.status })
    assert.equal(status.phase, "Completed", `stopped after ${stopAt} steps`)
    assert.deepEqual(await cluster.nodeNames(), ["new-1", "new-2"])
    assert.equal(cluster.desired, 2)
  }
})

test("undo uncordons, gives the spare node and the group's limits back", async () => {
  const cluster = await twoNodes()
  await cluster.addPod("web-1", "a")
  cluster.kube.setFault(({ method }) => {
    if (method === "createSubresource") throw new KubeError(429, "TooManyRequests", "no")
  })
  const spec = { nodes: ["a", "b"] }
  const half = await rotate(cluster, spec, { steps: 5 })
  assert.equal(half.status.nodes[0]?.state, "Draining")
  const { status } = await rotate(cluster, { ...spec, undo: true }, { before: half.status })
  assert.equal(status.phase, "Undone")
  assert.deepEqual(await cluster.nodeNames(), ["a", "b"])
  const a = await cluster.kube.get(nodes, "a")
  assert.equal(a?.spec?.unschedulable, undefined)
  assert.deepEqual([cluster.desired, cluster.max], [2, 3])
})

test("undo says which group may keep a node that was asked for and has not come", async () => {
  const cluster = await twoNodes()
  cluster.launchFailure = "InsufficientInstanceCapacity"
  const spec = { nodes: ["a", "b"] }
  const half = await rotate(cluster, spec, { steps: 3 })
  assert.equal(half.status.nodes[0]?.state, "Surging")
  const { status } = await rotate(cluster, { ...spec, undo: true }, { before: half.status })
  assert.equal(cluster.desired, 3)
  assert.match(status.message ?? "", /asg-1 .*one node more/)
})

test("plain nodes are drained and ended, and nobody starts others", async () => {
  const cluster = new FakeCluster()
  for (const name of ["a", "b"]) await cluster.addNode(name, false)
  const { status } = await rotate(cluster, { nodes: ["a"] })
  assert.equal(status.phase, "Completed")
  assert.deepEqual(await cluster.nodeNames(), ["b"])
})

test("a replacement that fails inspection stops the rotation before the canary is drained", async () => {
  const cluster = await twoNodes()
  const inspect = async () => "its ENIs are in another subnet than its ENIConfig names"
  const { status } = await rotate(cluster, { nodes: ["a", "b"] }, { inspect, steps: 30 })
  assert.equal(status.phase, "Blocked")
  assert.match(status.message, /replacement new-1 is not as .*: its ENIs are in another subnet/)
  assert.ok((await cluster.nodeNames()).includes("b"))
})

const label = { "karpenter.sh/nodepool": "default" }

/** A NodeClaim; with `nodeName` its node has joined. */
async function addClaim(cluster: FakeCluster, name: string, nodeName?: string): Promise<void> {
  const metadata = { name, labels: label }
  if ((await cluster.kube.get(nodeClaims, name)) === undefined)
    await cluster.kube.create(nodeClaims, {
      ...{ apiVersion: "karpenter.sh/v1", kind: "NodeClaim", metadata },
    })
  if (nodeName === undefined) return
  await cluster.addNode(nodeName, false)
  const body = { metadata: { labels: label } }
  await cluster.kube.patch(nodes, { name: nodeName }, { type: "merge", body })
  const claim = await cluster.kube.get(nodeClaims, name)
  if (claim) await cluster.kube.replace(nodeClaims, { ...claim, status: { nodeName } }, "status")
}

test("Karpenter's next node does not go before the successor of the first serves as it should", async () => {
  const cluster = new FakeCluster()
  for (const name of ["a", "b"]) await addClaim(cluster, `claim-${name}`, name)
  await cluster.clock.advance(60_000)
  let waits = 0
  cluster.settle = async () => {
    const left = (await cluster.kube.list(nodeClaims)).items.map((c) => c.metadata.name)
    if (left.includes("claim-a")) return
    if (!left.includes("claim-new")) {
      await addClaim(cluster, "claim-new")
      await cluster.kube.remove(nodes, { name: "a" })
    } else if (++waits === 20) await addClaim(cluster, "claim-new", "new")
  }
  const wrong = {
    inspect: async (name: string) => (name === "new" ? "the old max-pods" : undefined),
  }
  const { status, seen } = await rotate(cluster, { nodes: ["a", "b"] }, { ...wrong, steps: 60 })
  assert.ok(seen.some((s) => /^Running: a terminating/.test(s)))
  assert.match(status.message, /its replacement new is not as the cluster is configured/)
  assert.deepEqual(await cluster.nodeNames(), ["b", "new"])
  const { status: mended } = await rotate(cluster, { nodes: ["a"] }, { before: status, steps: 60 })
  assert.equal(mended.nodes[0]?.replacement, "new")
})

test("Karpenter's node goes by its NodeClaim: Karpenter itself drains and replaces it", async () => {
  const cluster = new FakeCluster()
  await addClaim(cluster, "default-x7k2p", "a")
  await cluster.addPod("web-1", "a")
  cluster.settle = async () => {
    if ((await cluster.kube.get(nodeClaims, "default-x7k2p")) === undefined)
      await cluster.kube.remove(nodes, { name: "a" })
  }
  const { status } = await rotate(cluster, { nodes: ["a"] })
  assert.equal(status.phase, "Completed")
  assert.equal(cluster.kube.calls["createSubresource"], undefined)
})
