import assert from "node:assert/strict"
import { test } from "node:test"
import { nodes, subnetPools } from "../api/resources.ts"
import { createTags, deleteTags } from "../ec2/memory/tags.ts"
import { ids } from "./testing/test-cloud.ts"
import { World } from "./testing/world.ts"

const tags = { "example.com/pool": "web" }

/** A node of the pool `web`, which selects by tag; only podsA has it at first. */
async function scene() {
  const world = new World()
  await world.kube.create(subnetPools, {
    ...{ apiVersion: "berth.dev/v1alpha1", kind: "SubnetPool", metadata: { name: "web" } },
    spec: { nodeSelector: {}, subnets: [{ tags }], securityGroups: [{ id: ids.groupPods }] },
  })
  createTags(world.cloud.core, { ids: [ids.podsA], tags })
  await world.addNode("n1")
  const body = { metadata: { annotations: { "k8s.amazonaws.com/eniConfig": null } } }
  await world.kube.patch(nodes, { name: "n1" }, { type: "merge", body })
  await world.waiting("n1", 3)
  const term = world.start()
  await world.clock.advance(5_000)
  const own = async () =>
    ((await world.status("n1"))?.interfaces ?? [])
      .filter((i) => !i.primary)
      .map((i) => `${i.subnetID} ${i.state}`)
  return { world, term, own }
}

test("a subnet that loses the tag of a pool drains, one that gets it joins, within seconds and without pods", async () => {
  const { world, term, own } = await scene()
  assert.deepEqual(await own(), [`${ids.podsA} Ready`])
  createTags(world.cloud.core, { ids: [ids.podsA2], tags })
  deleteTags(world.cloud.core, { ids: [ids.podsA], tags: [{ key: "example.com/pool" }] })
  await world.waiting("n1", 0, 3)
  await world.clock.advance(15_000)
  assert.deepEqual((await own())[0], `${ids.podsA} Draining`)
  await world.waiting("n1", 1)
  await world.clock.advance(2_000)
  assert.ok((await own()).includes(`${ids.podsA2} Ready`))
  await term.stop()
})

test("following tags costs one call for each look, whatever the number of pools and nodes", async () => {
  const { world, term } = await scene()
  await world.waiting("n1", 0, 3)
  await world.clock.advance(30_000)
  world.callsSince()
  await world.clock.advance(60_000)
  assert.deepEqual(world.callsSince(), { DescribeSubnets: 6 })
  await term.stop()
})

test("a pool that nobody uses has its figures, too", async () => {
  const { world, term } = await scene()
  await world.kube.create(subnetPools, {
    ...{ apiVersion: "berth.dev/v1alpha1", kind: "SubnetPool", metadata: { name: "spare" } },
    spec: { podSelector: { matchLabels: { app: "x" } }, subnets: [{ id: ids.podsB }] },
  })
  await world.clock.advance(6_000)
  const { status } = (await world.kube.get(subnetPools, "spare")) ?? {}
  assert.deepEqual(
    [status?.nodes, status?.pods, status?.waiting, status?.free, status?.total],
    [0, 0, 0, 251, 251],
  )
  await term.stop()
})
