// Goal: on any interleaving of demand, offers, edits, crashes, two leaders at once, throttling, lost answers, stale
// reads and broken watches: no address is taken from under a pod or held twice, and once the trouble is over every
// interface is recorded, in the right subnet, and pods have addresses or a reason.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { nodeNetworks } from "../api/resources.ts"
import { KubeError } from "../kube/kube.ts"
import { MockAgent } from "./testing/mock-agent.ts"
import { ids } from "./testing/test-cloud.ts"
import { type RunningTerm, World } from "./testing/world.ts"

type Command =
  | { do: "advance"; ms: number }
  | { do: "sync"; node: number }
  | { do: "pods"; node: number; count: number }
  | { do: "end"; node: number; pod: number }
  | { do: "offer"; node: number; count: number; whole: boolean }
  | { do: "edit"; subnet: number; group: number }
  | { do: "bind"; node: number; config: number }
  | { do: "crash" }
  | { do: "second" }
  | { do: "pause" }
  | { do: "remake"; node: number }
  | { do: "fail"; action: string; code: string; when: "before" | "after"; times: number }
  | { do: "lag"; ms: number }
  | { do: "replace"; node: number; count: number }
  | { do: "watchDelay"; ms: number }
  | { do: "breakWatches"; compact: boolean }
  | { do: "kubeFault"; times: number }

const node = fc.nat({ max: 1 })
const count = fc.integer({ min: 1, max: 6 })
type Of<D extends Command["do"]> = Extract<Command, { do: D }>
type Fields<D extends Command["do"]> = Omit<Of<D>, "do">

/** A command with random fields, and how often it comes. */
const of = <D extends Command["do"]>(
  weight: number,
  name: D,
  fields: { [K in keyof Fields<D>]: fc.Arbitrary<Fields<D>[K]> },
): fc.WeightedArbitrary<Command> => ({
  weight,
  arbitrary: fc.record(fields).map((values) => ({ do: name, ...values }) as Of<D>),
})

const actions = [
  "CreateNetworkInterface",
  "AttachNetworkInterface",
  "AssignPrivateIpAddresses",
  "UnassignPrivateIpAddresses",
  "DetachNetworkInterface",
  "DeleteNetworkInterface",
  "DescribeNetworkInterfaces",
  "*",
]
const codes = ["RequestLimitExceeded", "InternalError", "InsufficientFreeAddressesInSubnet"]
const pauses = [1, 50, 100, 400, 2_000, 20_000, 60_000]

const command: fc.Arbitrary<Command> = fc.oneof(
  of(10, "advance", { ms: fc.constantFrom(...pauses) }),
  of(6, "sync", { node }),
  of(3, "pods", { node, count }),
  of(3, "end", { node, pod: fc.nat({ max: 20 }) }),
  of(4, "offer", { node, count, whole: fc.boolean() }),
  of(3, "replace", { node, count }),
  of(1, "edit", { subnet: fc.nat({ max: 1 }), group: fc.nat({ max: 1 }) }),
  of(1, "bind", { node, config: fc.nat({ max: 1 }) }),
  of(4, "crash", {}),
  of(2, "second", {}),
  of(2, "pause", {}),
  of(1, "remake", { node }),
  of(3, "fail", {
    action: fc.constantFrom(...actions),
    code: fc.constantFrom(...codes),
    when: fc.constantFrom("before", "after"),
    times: fc.integer({ min: 1, max: 4 }),
  }),
  of(2, "lag", { ms: fc.constantFrom(0, 500, 5_000) }),
  of(1, "watchDelay", { ms: fc.constantFrom(0, 30, 300) }),
  of(1, "breakWatches", { compact: fc.boolean() }),
  of(1, "kubeFault", { times: fc.integer({ min: 1, max: 5 }) }),
)

const subnets = [ids.podsA, ids.podsA2]
const groups = [ids.groupPods, ids.groupOther]

async function scene(random: () => number) {
  const world = new World(random)
  world.cloud.conduct.setLatency("CreateNetworkInterface", 300)
  world.cloud.conduct.setLatency("AttachNetworkInterface", 1_500)
  world.cloud.conduct.setLatency("*", 60)
  await world.addConfig("a", ids.podsA)
  await world.addConfig("b", ids.podsA2)
  for (const name of ["n1", "n2"]) await world.addNode(name)
  world.cloud.conduct.setLag(random() < 0.5 ? 0 : 3_000)
  const agents = [new MockAgent(world, "n1"), new MockAgent(world, "n2")] as const
  const terms: RunningTerm[] = [world.start()]
  return { world, agents, terms, ended: [] as RunningTerm[], failures: [] as (() => void)[] }
}

type Scene = Awaited<ReturnType<typeof scene>>

async function perform(
  { world, agents, terms, failures, ended }: Scene,
  c: Command,
): Promise<void> {
  const agent = "node" in c ? agents[c.node] : undefined
  switch (c.do) {
    case "advance":
      return world.clock.advance(c.ms)
    case "sync":
      return agent?.sync()
    case "pods":
      if (agent) agent.waiting += c.count
      return agent?.sync()
    case "end":
      return agent?.end(c.pod)
    case "offer":
      agent?.offer(c.count, c.whole)
      return agent?.sync()
    // Pods go and others come, while what is free is given back: the address may return at once.
    case "replace":
      if (!agent) return
      agent.offer(c.count, false)
      agent.waiting += c.count
      return agent.sync()
    case "watchDelay":
      return world.kube.setWatchDelay(c.ms)
    case "edit": {
      const securityGroups = [groups[c.group] ?? ""]
      return world.editConfig("a", { subnet: subnets[c.subnet] ?? "", securityGroups })
    }
    case "bind":
      return world.bind(`n${c.node + 1}`, ["a", "b"][c.config] ?? "")
    case "crash":
      await Promise.all(terms.map((term) => term.stop()))
      ended.push(...terms.splice(0))
      terms.push(world.start())
      return
    case "second":
      if (terms.length < 2) terms.push(world.start())
      return
    // The leader stood still until another took its lease, and goes on before it notices.
    case "pause":
      for (const { lease } of terms) lease.held = false
      if (terms.length < 3) terms.push(world.start())
      return
    // Somebody deletes the record, and the agent writes its half anew.
    case "remake": {
      const name = `n${c.node + 1}`
      const object = await world.kube.get(nodeNetworks, name)
      if (!object) return
      const { apiVersion, kind, spec } = object
      await world.kube.remove(nodeNetworks, { name })
      await world.kube.create(nodeNetworks, { apiVersion, kind, metadata: { name }, spec })
      return
    }
    case "fail": {
      const { action, code, when, times } = c
      // Only EC2's own trouble loses an answer after the effect.
      const lost = code === "InternalError" ? when : "before"
      failures.push(world.cloud.conduct.inject({ action, code, when: lost, times }))
      return
    }
    case "lag":
      return world.cloud.conduct.setLag(c.ms)
    case "breakWatches":
      world.kube.breakWatches()
      if (c.compact) world.kube.compact()
      return
    case "kubeFault": {
      let left = c.times
      world.kube.setFault(({ method, resource }) => {
        if (method !== "replace" || resource?.kind !== "NodeNetwork" || left-- <= 0) return
        throw new KubeError(
          left % 2 === 0 ? 409 : 0,
          left % 2 === 0 ? "Conflict" : "Unreachable",
          "no",
        )
      })
    }
  }
}

/** The trouble ends: one leader, a healthy cloud; then enough time for quarantines and three audits. */
async function heal(s: Scene): Promise<void> {
  const { world, agents, terms, failures, ended } = s
  ended.push(...terms.splice(0))
  await Promise.all(ended.map((term) => term.stop()))
  world.cloud.conduct.setLag(0)
  for (const end of failures) end()
  world.kube.setFault(undefined)
  world.kube.setWatchDelay(0)
  terms.push(world.start())
  for (const ms of [5_000, 20_000, 60_000, 120_000, 700_000, 700_000, 700_000, 60_000, 60_000]) {
    await world.clock.advance(ms)
    for (const agent of agents) await agent.sync()
    for (const agent of agents) agent.check()
  }
}

async function verify({ world, agents, ended }: Scene): Promise<void> {
  for (const { lease } of ended) assert.equal(lease.changesWithout, 0)
  const recorded = new Set<string>()
  for (const agent of agents) {
    const status = await world.status(agent.node)
    for (const iface of status?.interfaces ?? []) {
      recorded.add(iface.id)
      assert.notEqual(iface.state, "Attaching")
      assert.deepEqual([...world.truth(iface.id)].sort(), [...iface.addresses].sort(), iface.id)
    }
    assert.equal(status?.intents, undefined)
    const live = (status?.interfaces ?? []).filter((i) => !i.primary && i.state === "Ready")
    const placement = status?.placements.find((p) => p.placement === "node")
    for (const iface of live) {
      assert.ok(placement?.subnets.includes(iface.subnetID), `${iface.id} in ${iface.subnetID}`)
      assert.deepEqual(iface.securityGroups, placement?.securityGroups)
    }
    if (agent.waiting > 0)
      assert.ok(placement?.message, `${agent.node}: ${agent.waiting} pods wait without a reason`)
  }
  const known = [...world.cloud.core.tables.networkInterface.all()].filter(
    (eni) => eni.description.startsWith("aws-K8S-") && !recorded.has(eni.id),
  )
  assert.deepEqual(
    known.map((eni) => eni.id),
    [],
    "leaked",
  )
}

test("the promises hold on random interleavings", { timeout: 300_000 }, async () => {
  const runs = Number(process.env["BERTH_PROPERTY_RUNS"] ?? 40)
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(command, { minLength: 10, maxLength: 40 }),
      async (seed, commands) => {
        const s = await scene(seeded(seed))
        try {
          for (const c of commands) {
            await perform(s, c)
            for (const agent of s.agents) agent.check()
          }
          await heal(s)
          await verify(s)
        } finally {
          await Promise.all(s.terms.map((term) => term.stop()))
        }
      },
    ),
    { numRuns: runs },
  )
})

/** mulberry32 */
function seeded(seed: number): () => number {
  let a = seed | 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
