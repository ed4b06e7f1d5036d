// Goal: an instance that gets the address of one before it, and with it the name of its node, starts afresh.
import assert from "node:assert/strict"
import { test } from "node:test"
import { nodes } from "../api/resources.ts"
import { ids, launch } from "./testing/test-cloud.ts"
import { World } from "./testing/world.ts"

async function scene() {
  const world = new World()
  await world.addConfig("a", ids.podsA)
  await world.addNode("n1")
  await world.waiting("n1", 3)
  const own = async () => ((await world.status("n1"))?.interfaces ?? []).filter((i) => !i.primary)
  /** Ends the instance; another one takes its place. */
  const replace = async () => {
    world.terminate("n1")
    await world.clock.advance(5_000)
    const instanceID = launch(world.cloud, "m5.large")
    const spec = { providerID: `aws:///us-west-2a/${instanceID}` }
    await world.kube.patch(nodes, { name: "n1" }, { type: "merge", body: { spec } })
    await world.spec("n1", { instanceID })
    return instanceID
  }
  return { world, own, replace }
}

test("an instance that takes over a node's name starts with a record of its own", async () => {
  const { world, own, replace } = await scene()
  const term = world.start()
  await world.clock.advance(5_000)
  const [before] = await own()
  const instanceID = await replace()
  await world.waiting("n1", 2)
  await world.clock.advance(10_000)
  const after = await own()
  assert.equal(after.length, 1)
  assert.notEqual(after[0]?.id, before?.id)
  const [eni] = await world.ec2.describeNetworkInterfaces({ ids: [after[0]?.id ?? ""] })
  assert.equal(eni?.attachment?.instanceId, instanceID)
  await term.stop()
})

test("what was begun for the instance before is not carried on for the one that takes over its name", async () => {
  const { world, own, replace } = await scene()
  world.cloud.conduct.setLatency("CreateNetworkInterface", 2_000)
  const first = world.start()
  await world.clock.advance(1_000)
  await first.stop()
  const [intent] = (await world.status("n1"))?.intents ?? []
  assert.ok(intent)
  const instanceID = await replace()
  const term = world.start()
  await world.clock.advance(20_000)
  const [iface, ...others] = await own()
  const [eni] = await world.ec2.describeNetworkInterfaces({ ids: [iface?.id ?? ""] })
  assert.deepEqual([others, (await world.status("n1"))?.intents], [[], undefined])
  assert.equal(eni?.tags["node.k8s.amazonaws.com/instance_id"], instanceID)
  assert.notEqual(eni?.tags["berth.dev/intent"], intent.token)
  await term.stop()
})
