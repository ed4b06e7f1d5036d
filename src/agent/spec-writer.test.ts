import assert from "node:assert/strict"
import { test } from "node:test"
import type { Node } from "../api/core.ts"
import type { NodeNetworkSpec } from "../api/nodenetwork.ts"
import { nodeNetworks } from "../api/resources.ts"
import { memoryKube } from "../kube/memory/memory-kube.ts"
import { silentLogger } from "../log.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { agentMetrics } from "./agent-metrics.ts"
import { asksForMore, SpecWriter } from "./spec-writer.ts"

const spec = (
  inUse: number,
  waiting: number,
  more: Partial<NodeNetworkSpec> = {},
): NodeNetworkSpec => ({
  instanceID: "i-0123456789abcdef0",
  mode: {
    customNetworking: true,
    prefixDelegation: false,
    provisioning: true,
    manageUntagged: true,
    manageWhenUnschedulable: false,
    annotationKey: "a",
    labelKey: "l",
  },
  targets: { maxPods: 110 },
  demand: [{ placement: "node", inUse, waiting, cooling: 0 }],
  offers: [],
  ...more,
})

const nodeWith = (uid: string): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1", uid },
})

function world() {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const stop = new AbortController()
  const state = { spec: spec(0, 0), node: nodeWith("uid-1") }
  const deps = { kube, clock, random: () => 0.5, log: silentLogger, signal: stop.signal }
  const writer = new SpecWriter({
    ...deps,
    nodeName: "n1",
    metrics: agentMetrics(),
    build: async () => state.spec,
    owner: () => state.node,
    written: () => {},
    failed: () => {},
  })
  return {
    clock,
    kube,
    writer,
    writes: () => (kube.calls["patch"] ?? 0) + (kube.calls["create"] ?? 0),
    read: () => kube.get(nodeNetworks, "n1"),
    changeNode(uid: string) {
      state.node = nodeWith(uid)
      writer.changed()
    },
    change(next: NodeNetworkSpec) {
      state.spec = next
      writer.changed()
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await writer.done
    },
  }
}

test("the object is made, then changed; a burst is one write", async () => {
  await using w = world()
  w.change(spec(0, 1))
  await w.clock.advance(100)
  assert.deepEqual((await w.read())?.spec, spec(0, 1))
  const before = w.writes()
  for (let n = 2; n <= 30; n++) w.change(spec(0, n))
  await w.clock.advance(100)
  assert.equal(w.writes() - before, 1)
  assert.equal((await w.read())?.spec.demand[0]?.waiting, 30)
})

test("what asks for nothing waits a second, and does not delay what does", async () => {
  await using w = world()
  w.change(spec(0, 2))
  await w.clock.advance(100)
  const before = w.writes()
  w.change(spec(2, 0))
  await w.clock.advance(500)
  assert.equal(w.writes(), before)
  w.change(spec(2, 1))
  await w.clock.advance(100)
  assert.equal((await w.read())?.spec.demand[0]?.waiting, 1)
  w.change(spec(3, 0))
  await w.clock.advance(1100)
  assert.equal((await w.read())?.spec.demand[0]?.inUse, 3)
})

test("a member that is no longer set disappears", async () => {
  await using w = world()
  w.change(spec(0, 0, { targets: { maxPods: 110, warmIP: 5 } }))
  await w.clock.advance(100)
  w.change(spec(0, 0, { targets: { maxPods: 110 } }))
  await w.clock.advance(100)
  assert.deepEqual((await w.read())?.spec.targets, { maxPods: 110 })
})

test("an edit by someone else, and a deletion, are made good", async () => {
  await using w = world()
  w.change(spec(0, 1))
  await w.clock.advance(100)
  const body = { spec: { targets: { maxPods: 7 } } }
  w.writer.observe(await w.kube.patch(nodeNetworks, { name: "n1" }, { type: "merge", body }))
  await w.clock.advance(100)
  assert.equal((await w.read())?.spec.targets.maxPods, 110)
  await w.kube.remove(nodeNetworks, { name: "n1" })
  w.writer.observe(undefined)
  await w.clock.advance(100)
  assert.deepEqual((await w.read())?.spec, spec(0, 1))
})

test("a write that fails is repeated, with back-off, until it succeeds", async () => {
  await using w = world()
  w.kube.setFault(() => {
    throw new Error("connection refused")
  })
  w.change(spec(0, 1))
  await w.clock.advance(20_000)
  const tries = w.writes()
  assert.ok(tries > 3 && tries < 30, `${tries} tries in 20 s`)
  w.kube.setFault(undefined)
  await w.clock.advance(40_000)
  assert.deepEqual((await w.read())?.spec, spec(0, 1))
})

test("what asks for more is told from what does not", () => {
  const base = spec(2, 1)
  assert.equal(asksForMore(undefined, base), true)
  assert.equal(asksForMore(base, spec(3, 0)), false)
  assert.equal(asksForMore(base, spec(2, 2)), true)
  assert.equal(asksForMore(base, spec(0, 0)), false)
  assert.equal(asksForMore(base, spec(2, 1, { offers: [{ interfaceID: "eni-1" }] })), true)
})

test("the object is its Node's: one that is left of a former node of that name is taken over", async () => {
  await using w = world()
  w.change(spec(1, 0))
  await w.clock.advance(1_100)
  const owner = async () => (await w.read())?.metadata.ownerReferences?.map(({ uid }) => uid)
  assert.deepEqual(await owner(), ["uid-1"])
  const writes = w.writes()
  w.changeNode("uid-2")
  await w.clock.advance(100)
  assert.deepEqual(await owner(), ["uid-2"])
  w.changeNode("uid-2")
  await w.clock.advance(5_000)
  assert.equal(w.writes(), writes + 1)
})
