// Goal: the rare races by name, each with the schedule that makes it happen.
import assert from "node:assert/strict"
import { test } from "node:test"
import { nodeNetworks } from "../api/resources.ts"
import { memoryKube } from "../kube/memory/memory-kube.ts"
import { MockAgent } from "./testing/mock-agent.ts"
import { ids } from "./testing/test-cloud.ts"
import { World } from "./testing/world.ts"
import { StatusTaken, writeStatus } from "./write-status.ts"

async function oneNode(latencyMs = 50) {
  const world = new World()
  world.cloud.conduct.setLatency("*", latencyMs)
  await world.addConfig("a", ids.podsA)
  await world.addNode("n1")
  const agent = new MockAgent(world, "n1")
  agent.waiting = 5
  await agent.sync()
  const term = world.start()
  await world.clock.advance(5_000)
  await agent.sync()
  const own = async () => ((await world.status("n1"))?.interfaces ?? []).filter((i) => !i.primary)
  return { world, agent, term, own }
}

test("an address that comes back from EC2 is not given back again for its old offer", async () => {
  const { world, agent, term, own } = await oneNode()
  // One interface only: the pods that wait need the very address that is given back.
  await world.spec("n1", { targets: { maxENI: 2, warmIP: 2, maxPods: 110 } })
  agent.offer(1, false)
  agent.waiting = 6
  await agent.sync()
  await world.clock.settle()
  // From now on the controller's cache shows the old offers for five seconds.
  world.kube.setWatchDelay(5_000)
  for (let i = 0; i < 600; i++) {
    await world.clock.advance(20)
    await agent.sync()
    agent.check()
  }
  world.kube.setWatchDelay(0)
  await world.clock.advance(60_000)
  await agent.sync()
  agent.check()
  assert.equal(agent.pods.length, 9)
  for (const iface of await own())
    assert.deepEqual([...iface.addresses].sort(), [...world.truth(iface.id)].sort())
  await term.stop()
})

test("a crash between create and its answer makes no second interface", async () => {
  for (const stopAfterMs of [10, 60, 140, 160, 210, 260, 310, 360, 410, 500]) {
    const world = new World()
    world.cloud.conduct.setLatency("*", 100)
    await world.addConfig("a", ids.podsA)
    await world.addNode("n1")
    await world.waiting("n1", 3)
    const term = world.start()
    await world.clock.advance(stopAfterMs)
    await term.stop()
    const next = world.start()
    await world.clock.advance(10_000)
    const made = [...world.cloud.core.tables.networkInterface.all()].filter((eni) =>
      eni.description.startsWith("aws-K8S-"),
    )
    assert.equal(made.length, 1, `stopped after ${stopAfterMs} ms`)
    assert.equal(made[0]?.attachment?.deleteOnTermination, true)
    const status = await world.status("n1")
    assert.equal(status?.interfaces.length, 2)
    assert.equal(status?.intents, undefined)
    await next.stop()
  }
})

test("a NodeNetwork that is deleted and made anew loses no interface in the making, and waits for none", async () => {
  for (const deleteAfterMs of [50, 250, 450, 700, 1_200, 5_000])
    for (const goneMs of [0, 200]) {
      const world = new World()
      world.cloud.conduct.setLatency("CreateNetworkInterface", 300)
      world.cloud.conduct.setLatency("AttachNetworkInterface", 1_500)
      world.cloud.conduct.setLatency("*", 100)
      await world.addConfig("a", ids.podsA)
      await world.addNode("n1")
      await world.waiting("n1", 3)
      const term = world.start()
      await world.clock.advance(deleteAfterMs)
      const before = await world.kube.get(nodeNetworks, "n1")
      assert.ok(before)
      const { apiVersion, kind, spec } = before
      await world.kube.remove(nodeNetworks, { name: "n1" })
      await world.clock.advance(goneMs)
      await world.kube.create(nodeNetworks, { apiVersion, kind, metadata: { name: "n1" }, spec })
      await world.clock.advance(5_000)
      const what = `deleted after ${deleteAfterMs} ms, for ${goneMs} ms`
      const enis = (await world.status("n1"))?.interfaces.filter((i) => !i.primary) ?? []
      assert.deepEqual([enis.length, enis[0]?.state], [1, "Ready"], what)
      assert.equal(world.callsSince()["CreateNetworkInterface"], 1, what)
      await term.stop()
    }
})

test("an intent found long after the crash is looked up, not repeated", async () => {
  const world = new World()
  world.cloud.conduct.setLatency("*", 100)
  await world.addConfig("a", ids.podsA)
  await world.addNode("n1")
  await world.waiting("n1", 3)
  world.cloud.conduct.inject({
    action: "CreateNetworkInterface",
    code: "InternalError",
    when: "after",
    nth: 1,
  })
  const term = world.start()
  await world.clock.advance(560)
  await term.stop()
  assert.equal((await world.status("n1"))?.intents?.length, 1)
  await world.clock.advance(3_600_000)
  world.callsSince()
  const next = world.start()
  await world.clock.advance(10_000)
  assert.equal(world.callsSince()["CreateNetworkInterface"], undefined)
  assert.equal((await world.status("n1"))?.interfaces.length, 2)
  await next.stop()
})

test("a status that another controller has written is not overwritten; the agent's writes are no obstacle", async () => {
  const kube = memoryKube()
  const world = new World()
  await world.addNode("n1")
  const made = await world.kube.get(nodeNetworks, "n1")
  assert.ok(made)
  const object = await kube.create(nodeNetworks, made)
  const status = (text: string) => ({
    placements: [],
    interfaces: [],
    conditions: [],
    zone: text,
  })
  const first = await writeStatus(kube, object, undefined, status("a"))
  assert.equal(first?.status?.zone, "a")
  const body = { spec: { offers: [{ interfaceID: "eni-1" }] } }
  await kube.patch(nodeNetworks, { name: "n1" }, { type: "merge", body })
  const second = await writeStatus(kube, object, status("a"), status("b"))
  assert.equal(second?.status?.zone, "b")
  assert.equal(second?.spec.offers.length, 1)
  await assert.rejects(writeStatus(kube, object, status("a"), status("c")), StatusTaken)
  await kube.remove(nodeNetworks, { name: "n1" })
  assert.equal(await writeStatus(kube, object, status("b"), status("c")), undefined)
})

test("two leaders at once do not fight: what one does not know it learns before it acts", async () => {
  const { world, agent, term, own } = await oneNode()
  const second = world.start()
  await world.clock.advance(1_000)
  agent.waiting = 9
  await agent.sync()
  for (let i = 0; i < 200; i++) {
    await world.clock.advance(100)
    await agent.sync()
    agent.check()
  }
  assert.equal(agent.waiting, 0)
  const made = [...world.cloud.core.tables.networkInterface.all()].filter((eni) =>
    eni.description.startsWith("aws-K8S-"),
  )
  assert.equal(made.length, (await own()).length)
  await term.stop()
  await second.stop()
})
