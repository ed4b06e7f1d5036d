// Agent and controller decide apart, on what each has seen of the other. This plays both over random histories: late
// messages, calls that end in any order, restarts, a node that is bound to another subnet and back.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { World } from "./testing/world.ts"

type Step =
  | ["addPod" | "deletePod", number]
  | ["finish", number]
  | ["wait", number]
  | ["move", "subnet-a" | "subnet-b"]
  | ["startPods" | "seeStatus" | "publishSpec" | "offer" | "startPlan" | "crashAgent"]
  | ["agent" | "controller"]

const single = fc
  .constantFrom(
    "startPods",
    "seeStatus",
    "publishSpec",
    "offer",
    "startPlan",
    "crashAgent" as const,
  )
  .map((name): Step => [name as "startPods"])
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("addPod" as const), fc.nat(25)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("deletePod" as const), fc.nat(25)) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("finish" as const), fc.nat(5)) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constant("wait" as const), fc.constantFrom(1, 1001, 31_000)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant("move" as const),
      fc.constantFrom("subnet-a" as const, "subnet-b" as const),
    ),
  },
  { weight: 8, arbitrary: single },
  // Whole turns of either side, so that histories get far.
  { weight: 8, arbitrary: fc.constantFrom(["agent"] as Step, ["controller"] as Step) },
)

const threeFrom = (n: number) => [n, (n + 1) % 26, (n + 2) % 26]
const placementOf = (n: number) => (n % 5 === 0 ? "pool:blue" : "node")

function play(world: World, [what, detail]: Step): void {
  if (what === "addPod")
    for (const n of threeFrom(Number(detail))) world.addPod(`p${n}`, placementOf(n))
  else if (what === "deletePod") for (const n of threeFrom(Number(detail))) world.deletePod(`p${n}`)
  else if (what === "finish") world.finish(Number(detail))
  else if (what === "wait") world.now += Number(detail)
  else if (what === "move") world.moveNodeTo(String(detail))
  else if (what === "agent") agentTurn(world)
  else if (what === "controller") {
    world.startPlan()
    while (world.inFlight.length > 0) world.finish(0)
  } else world[what]()
}

function agentTurn(world: World): void {
  world.seeStatus()
  world.startPods()
  world.offer()
  world.publishSpec()
}

/** Lets every message arrive and every call end, until nothing is left to do. */
function settle(world: World): void {
  for (let round = 0; round < 30; round++) {
    world.now += 61_000
    agentTurn(world)
    const planned = world.startPlan()
    while (world.inFlight.length > 0) world.finish(0)
    world.check()
    if (planned === 0 && round > 3) return
  }
  assert.fail("agent and controller do not come to rest")
}

test("over any history no address is taken from under a pod, no limit is exceeded, and all comes to rest", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 160, size: "max" }), (steps) => {
      const world = new World()
      for (const s of steps) {
        play(world, s)
        world.check()
      }
      settle(world)
      if (world.waiting.size === 0) return
      assert.ok(world.plan().shortages.length > 0, "a shortage is stated")
      // Subnets are large enough here: only slots can be short, and then pods use each of them.
      const others = world.interfaces.filter((i) => !i.primary)
      assert.equal(others.length, 3)
      const used = new Set([...world.pool.held()].map((h) => h.interfaceID))
      for (const { id } of others) assert.ok(used.has(id), `${id} serves nobody while pods wait`)
    }),
    { numRuns: 300 },
  )
})

test("at rest the warm target is met and not exceeded", () => {
  fc.assert(
    fc.property(fc.nat(14), (pods) => {
      const world = new World()
      for (let i = 0; i < pods; i++) world.addPod(`p${i * 5 + 1}`, "node")
      settle(world)
      const { total, held, free } = world.pool.counts("node")
      assert.deepEqual([total, held, free], [pods + 2, pods, 2])
    }),
  )
})

test("pods that come and go within a minute cost no call once the pool is warm", () => {
  const world = new World()
  for (let i = 1; i <= 4; i++) world.addPod(`p${i}`, "node")
  settle(world)
  const { calls } = world
  for (let round = 0; round < 10; round++) {
    world.deletePod("p1")
    world.now += 31_000
    world.addPod("p1", "node")
    agentTurn(world)
    assert.equal(world.startPlan(), 0)
  }
  assert.equal(world.calls, calls)
})
