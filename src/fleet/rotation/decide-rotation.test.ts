import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { NodeRotationSpec, NodeRotationStatus } from "../../api/noderotation.ts"
import { decideRotation } from "./decide-rotation.ts"
import type { RotationAction, RotationView, ViewNode, ViewPod } from "./rotation-view.ts"

/** A cluster with one scaling group that does what it is told, one tick late. */
class World {
  now = Date.parse("2026-11-23T00:00:00Z")
  nodes = new Map<string, ViewNode>()
  pods = new Map<string, ViewPod[]>()
  desired: number
  made = 0
  born = 0
  refuse: string | undefined

  constructor(names: readonly string[]) {
    for (const name of names) {
      this.nodes.set(name, this.node(name, this.now - 1_000_000))
      this.pods.set(name, [{ namespace: "shop", name: `web-${name}`, terminating: false }])
    }
    this.desired = names.length
  }

  node(name: string, createdAt: number): ViewNode {
    return {
      name,
      uid: `${name}-${++this.born}`,
      ready: true,
      unschedulable: false,
      createdAt,
      stuckPods: 0,
      group: { kind: "scaling-group", name: "asg" },
      zone: "a",
    }
  }

  view(): RotationView {
    return { nodes: this.nodes, evictable: this.pods }
  }

  act(action: RotationAction): void {
    if (action.do === "scale") this.desired = Math.max(this.desired, action.atLeast)
    if (action.do === "cordon" || action.do === "uncordon") {
      const node = this.nodes.get(action.node)
      if (node) this.nodes.set(action.node, { ...node, unschedulable: action.do === "cordon" })
    }
    if (action.do === "terminate" && this.nodes.delete(action.node)) this.desired--
    if (action.do === "evict") {
      for (const [node, pods] of this.pods) {
        const pod = pods.find((p) => p.name === action.name)
        if (!pod) continue
        if (this.refuse) {
          this.pods.set(node, [{ ...pod, refusal: this.refuse }])
          continue
        }
        this.pods.set(
          node,
          pods.filter((p) => p !== pod),
        )
        const home = [...this.nodes.values()].find((n) => !n.unschedulable)
        if (home) this.pods.set(home.name, [...(this.pods.get(home.name) ?? []), pod])
      }
    }
  }

  tick(): void {
    this.now += 10_000
    if (this.nodes.size < this.desired)
      this.nodes.set(`new-${++this.made}`, this.node(`new-${this.made}`, this.now))
  }
}

function runRotation(
  world: World,
  spec: NodeRotationSpec,
  ticks: number,
  crash: () => boolean = () => false,
): NodeRotationStatus | undefined {
  let status: NodeRotationStatus | undefined
  for (let i = 0; i < ticks; i++) {
    const decision = decideRotation(spec, status, world.view(), world.now)
    for (const action of decision.actions) world.act(action)
    // A crash after acting and before recording: the next look must cope.
    if (!crash()) status = decision.status
    world.tick()
  }
  return status
}

test("every node is replaced, and the group ends with the size it had", () => {
  const world = new World(["a", "b", "c"])
  const status = runRotation(world, { nodes: ["a", "b", "c"], maxSurge: 2 }, 60)
  assert.equal(status?.phase, "Completed")
  assert.equal(world.desired, 3)
  assert.deepEqual([...world.nodes.keys()].sort(), ["new-1", "new-2", "new-3"])
  assert.equal([...world.pods.values()].flat().length, 3)
})

test("crashes between acting and recording neither lose nodes nor make too many", () => {
  fc.assert(
    fc.property(
      fc.infiniteStream(fc.boolean()),
      fc.integer({ min: 1, max: 3 }),
      (crashes, maxSurge) => {
        const world = new World(["a", "b", "c"])
        let largest = 0
        const crash = () => {
          largest = Math.max(largest, world.desired)
          return crashes.next().value === true
        }
        const status = runRotation(world, { nodes: ["a", "b", "c"], maxSurge }, 200, crash)
        assert.equal(status?.phase, "Completed")
        assert.equal(world.desired, 3)
        assert.ok(largest <= 3 + maxSurge, `the group grew to ${largest}`)
      },
    ),
    { numRuns: 200 },
  )
})

test("nothing but the canary moves until the canary is done", () => {
  const world = new World(["a", "b", "c"])
  let status: NodeRotationStatus | undefined
  for (let i = 0; i < 10 && status?.nodes[0]?.state !== "Done"; i++) {
    const decision = decideRotation(
      { nodes: ["a", "b", "c"], maxSurge: 3 },
      status,
      world.view(),
      world.now,
    )
    for (const action of decision.actions) world.act(action)
    status = decision.status
    assert.ok(
      status.nodes.slice(1).every((n) => n.state === "Waiting") ||
        status.nodes[0]?.state === "Done",
    )
    world.tick()
  }
  assert.equal(status?.nodes[0]?.state, "Done")
})

test("a PodDisruptionBudget that never allows an eviction blocks the rotation and is named", () => {
  const world = new World(["a"])
  world.refuse = "Cannot evict pod as it would violate the pod's disruption budget."
  const status = runRotation(world, { nodes: ["a"], drainTimeoutSeconds: 60 }, 20)
  assert.equal(status?.phase, "Blocked")
  assert.match(status?.message ?? "", /shop\/web-a may not be evicted: Cannot evict/)
  assert.ok(world.nodes.has("a"))
})

test("paused starts nothing and evicts nothing", () => {
  const world = new World(["a", "b"])
  assert.equal(runRotation(world, { nodes: ["a", "b"], paused: true }, 5)?.phase, "Paused")
  assert.equal(world.desired, 2)
})

test("undo takes cordons back and gives the spare node back", () => {
  const world = new World(["a", "b"])
  let status: NodeRotationStatus | undefined
  while (status?.nodes[0]?.state !== "Draining") {
    const decision = decideRotation({ nodes: ["a", "b"] }, status, world.view(), world.now)
    for (const action of decision.actions) world.act(action)
    status = decision.status
    world.tick()
  }
  const decision = decideRotation(
    { nodes: ["a", "b"], undo: true },
    status,
    world.view(),
    world.now,
  )
  for (const action of decision.actions) world.act(action)
  assert.equal(decision.status.phase, "Undone")
  assert.deepEqual([...world.nodes.keys()].sort(), ["a", "b"])
  assert.equal(world.desired, 2)
  assert.equal(world.nodes.get("a")?.unschedulable, false)
})

test("pods without an address on the canary's replacement stop the rotation there", () => {
  const world = new World(["a", "b"])
  const original = world.node.bind(world)
  world.node = (name, createdAt) => ({ ...original(name, createdAt), stuckPods: 2 })
  const status = runRotation(world, { nodes: ["a", "b"] }, 20)
  assert.equal(status?.phase, "Running")
  assert.match(status?.nodes[0]?.message ?? "", /2 pods on new-1 have no address yet/)
  assert.equal(status?.nodes[1]?.state, "Waiting")
})

test("a Karpenter node is left to Karpenter: its NodeClaim is deleted", () => {
  const world = new World(["a"])
  world.nodes.set("a", {
    ...world.nodes.get("a")!,
    group: { kind: "karpenter", nodeClaim: "claim-1", nodePool: "default" },
  })
  const first = decideRotation({ nodes: ["a"] }, undefined, world.view(), world.now)
  assert.deepEqual(first.actions, [{ do: "cordon", node: "a" }])
  const second = decideRotation({ nodes: ["a"] }, first.status, { ...world.view() }, world.now)
  assert.ok(second.actions.some((a) => a.do === "terminate"))
})

test("the other nodes take no new pods once the canary has passed, and undo gives back only its own cordons", () => {
  const world = new World(["a", "b", "c"])
  world.nodes.set("c", { ...world.nodes.get("c")!, unschedulable: true })
  const spec = { nodes: ["a", "b", "c"] }
  let status: NodeRotationStatus | undefined
  while (status?.nodes[0]?.state !== "Done") {
    assert.equal(world.nodes.get("b")?.unschedulable, false)
    const decision = decideRotation(spec, status, world.view(), world.now)
    for (const action of decision.actions) world.act(action)
    status = decision.status
    world.tick()
  }
  const next = decideRotation(spec, status, world.view(), world.now)
  for (const action of next.actions) world.act(action)
  assert.equal(world.nodes.get("b")?.unschedulable, true)
  const undone = decideRotation({ ...spec, undo: true }, next.status, world.view(), world.now)
  for (const action of undone.actions) world.act(action)
  assert.equal(world.nodes.get("b")?.unschedulable, false)
  assert.equal(world.nodes.get("c")?.unschedulable, true)
})

test("plain nodes are cordoned one at a time: their pods must fit on the others", () => {
  const world = new World(["a", "b"])
  for (const [name, node] of world.nodes)
    world.nodes.set(name, { ...node, group: { kind: "none" } })
  const status = runRotation(world, { nodes: ["a"] }, 10)
  assert.equal(status?.phase, "Completed")
  assert.equal(world.nodes.get("b")?.unschedulable, false)
})

test("the end gives every scaling group its limits back, once the last node is done", () => {
  const world = new World(["a", "b"])
  const restored: string[] = []
  const act = world.act.bind(world)
  world.act = (action) => (action.do === "restore" ? restored.push(action.group) : act(action))
  const status = runRotation(world, { nodes: ["a", "b"] }, 40)
  assert.equal(status?.phase, "Completed")
  assert.deepEqual([...new Set(restored)], ["asg"])
})

test("a pod without a controller is not evicted unless forced, and is named", () => {
  const world = new World(["a"])
  world.pods.set("a", [{ namespace: "shop", name: "web-a", terminating: false, bare: true }])
  const status = runRotation(world, { nodes: ["a"], drainTimeoutSeconds: 60 }, 20)
  assert.match(status?.message ?? "", /shop\/web-a has no controller/)
  assert.equal(runRotation(world, { nodes: ["a"], force: true }, 20)?.phase, "Completed")
})

test("a replacement that is not as configured stops the rotation before anything is drained", () => {
  const world = new World(["a", "b"])
  const original = world.node.bind(world)
  world.node = (name, at) => ({ ...original(name, at), wrong: "it advertises 29 pods, not 20" })
  const spec = { nodes: ["a", "b"] }
  const status = runRotation(world, spec, 20)
  assert.equal(status?.phase, "Blocked")
  assert.match(status?.message ?? "", /its replacement new-1 is not as .*: it advertises 29 pods/)
  assert.equal(world.nodes.get("a")?.unschedulable, false)
  assert.deepEqual([world.desired, world.pods.get("a")?.length], [3, 1])
  const undone = decideRotation({ ...spec, undo: true }, status, world.view(), world.now)
  for (const action of undone.actions) world.act(action)
  assert.equal(undone.status.phase, "Undone")
  assert.deepEqual([[...world.nodes.keys()], world.desired], [["a", "b"], 2])
})

test("a group that starts no node is named with its own reason", () => {
  const world = new World(["a"])
  world.tick = () => {
    world.now += 60_000
  }
  const view = world.view.bind(world)
  world.view = () => ({ ...view(), trouble: new Map([["asg", "InsufficientInstanceCapacity"]]) })
  const status = runRotation(world, { nodes: ["a"] }, 20)
  assert.equal(status?.phase, "Blocked")
  assert.match(
    status?.message ?? "",
    /no replacement came within 15 min: InsufficientInstanceCapacity/,
  )
})

test("a new node may get the name of one that went: it is not taken for it", () => {
  const world = new World(["a", "b", "c"])
  const free = new Set<string>()
  const act = world.act.bind(world)
  world.act = (action) => {
    if (action.do === "terminate") {
      assert.equal(action.uid, world.nodes.get(action.node)?.uid)
      free.add(action.node)
    }
    act(action)
  }
  world.tick = () => {
    world.now += 10_000
    if (world.nodes.size >= world.desired) return
    const [name = `new-${++world.made}`] = free
    free.delete(name)
    world.nodes.set(name, world.node(name, world.now))
  }
  const status = runRotation(world, { nodes: ["a", "b", "c"], maxSurge: 2 }, 60)
  assert.equal(status?.phase, "Completed")
  assert.equal(world.desired, 3)
  assert.ok(
    [...world.nodes.values()].every((n) => n.createdAt > Date.parse("2026-11-23T00:00:00Z")),
  )
})

test("nodes that join within the second in which they were asked for are known as new", () => {
  const world = new World(["a", "b", "c"])
  const original = world.node.bind(world)
  world.node = (name, at) => original(name, Math.floor(at / 1000) * 1000)
  let largest = 0
  world.tick = () => {
    world.now += 300
    largest = Math.max(largest, world.desired)
    if (world.nodes.size < world.desired)
      world.nodes.set(`new-${++world.made}`, world.node(`new-${world.made}`, world.now))
  }
  const status = runRotation(world, { nodes: ["a", "b", "c"], maxSurge: 2 }, 60)
  assert.deepEqual([status?.phase, world.desired], ["Completed", 3])
  assert.ok(largest <= 5)
})

test("a replacement in another zone drains nothing when its zone would be without a node", () => {
  const now = Date.parse("2026-11-23T00:00:00Z")
  const world = new World(["a", "b"])
  const at = (name: string, zone: string, createdAt = 0) => ({
    ...world.node(name, createdAt),
    zone,
  })
  const view = (nodes: ViewNode[]): RotationView => ({
    nodes: new Map(nodes.map((n) => [n.name, n])),
    evictable: new Map(),
  })
  const old = [at("a", "a"), at("b", "b")]
  const spec = { nodes: ["b"] }
  const first = decideRotation(spec, undefined, view(old), now)
  const second = decideRotation(spec, first.status, view([...old, at("n", "a", now)]), now + 1)
  assert.match(second.status.message, /has started in a, and b would have no node/)
  assert.deepEqual(second.actions, [])
  const right = [...old, at("n", "a", now), at("m", "b", now)]
  const third = decideRotation(spec, first.status, view(right), now + 1)
  assert.equal(third.status.nodes[0]?.replacement, "m")
})
