// Goal: what somebody else changes in EC2 is noticed soon where pods wait for it, long before the next audit.
import assert from "node:assert/strict"
import { test } from "node:test"
import { nodes, subnetPools } from "../api/resources.ts"
import { createTags } from "../ec2/memory/tags.ts"
import { ids } from "./testing/test-cloud.ts"
import { World } from "./testing/world.ts"

/** Half the time to the first audit, which is at nine minutes or later. */
const soonMs = 270_000

async function attachByHand(world: World, deviceIndex: number, addressCount: number) {
  const tags = { "node.k8s.amazonaws.com/no_manage": "true" }
  const eni = await world.ec2.createNetworkInterface({
    ...{ subnetId: ids.podsA, securityGroups: [ids.groupPods], description: "x" },
    ...{ tags: addressCount > 0 ? {} : tags, addressCount, clientToken: String(deviceIndex) },
  })
  const instanceId = world.instances.get("n1") ?? ""
  const request = { id: eni.id, instanceId, deviceIndex }
  return { id: eni.id, attachmentId: await world.ec2.attachNetworkInterface(request) }
}

const addresses = async (world: World) =>
  ((await world.status("n1"))?.interfaces ?? []).flatMap((i) => (i.primary ? [] : i.addresses))

test("a slot that somebody frees serves the pods that wait for it", async () => {
  const world = new World()
  await world.addConfig("a", ids.podsA)
  await world.addNode("n1")
  await world.waiting("n1", 3)
  const [first] = [await attachByHand(world, 1, 0), await attachByHand(world, 2, 0)]
  const term = world.start()
  await world.clock.advance(30_000)
  assert.equal((await world.status("n1"))?.placements[0]?.code, "ipam/no-interface-slot")
  await world.ec2.detachNetworkInterface({ attachmentId: first.attachmentId })
  await world.clock.advance(soonMs)
  assert.ok((await addresses(world)).length >= 3)
  const before = world.clock.now()
  world.callsSince()
  await world.clock.advance(soonMs)
  assert.deepEqual(world.callsSince(), {}, `nothing to look for since ${before}`)
  await term.stop()
})

test("without provisioning, addresses attached by hand serve the pods that wait for them", async () => {
  const world = new World()
  await world.addConfig("a", ids.podsA)
  await world.addNode("n1", { mode: { provisioning: false } })
  await world.waiting("n1", 3)
  const term = world.start()
  await world.clock.advance(30_000)
  assert.equal((await world.status("n1"))?.placements[0]?.code, "ipam/provisioning-off")
  await attachByHand(world, 1, 4)
  await world.clock.advance(soonMs)
  assert.equal((await addresses(world)).length, 4)
  await term.stop()
})

test("a subnet that is tagged for a pool serves the nodes that wait for it", async () => {
  const world = new World()
  await world.addNode("n1")
  await world.kube.patch(
    nodes,
    { name: "n1" },
    { type: "merge", body: { metadata: { labels: { pool: "blue" }, annotations: null } } },
  )
  await world.kube.create(subnetPools, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name: "blue" },
    spec: {
      subnets: [{ tags: { team: "blue" } }],
      securityGroups: [{ id: ids.groupPods }],
      nodeSelector: { matchLabels: { pool: "blue" } },
    },
  })
  await world.waiting("n1", 3)
  const term = world.start()
  await world.clock.advance(30_000)
  assert.equal((await world.status("n1"))?.placements[0]?.code, "placement/no-subnet")
  createTags(world.cloud.core, { ids: [ids.podsA2], tags: { team: "blue" } })
  await world.clock.advance(soonMs)
  assert.ok((await addresses(world)).length >= 3)
  await term.stop()
})
