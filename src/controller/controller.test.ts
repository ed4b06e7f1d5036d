import assert from "node:assert/strict"
import { test } from "node:test"
import { ids, World } from "./testing/world.ts"

test("a node with demand gets an interface of its ENIConfig in four calls", async () => {
  const world = new World()
  await world.addConfig("a", ids.podsA)
  await world.addNode("n1")
  await world.waiting("n1", 3)
  const term = world.start()
  await world.clock.advance(5_000)
  const status = await world.status("n1")
  const own = status?.interfaces.filter((i) => !i.primary) ?? []
  assert.equal(own.length, 1)
  const [iface] = own
  assert.equal(iface?.state, "Ready")
  assert.equal(iface?.subnetID, ids.podsA)
  assert.equal(iface?.subnetCIDR, "100.64.0.0/24")
  assert.deepEqual(iface?.securityGroups, [ids.groupPods])
  assert.equal(iface?.object, "ENIConfig/a")
  assert.equal(iface?.addresses.length, 5)
  assert.deepEqual(status?.binding, {
    name: "a",
    source: "Annotation",
    key: "k8s.amazonaws.com/eniConfig",
  })
  assert.equal(status?.conditions.find((c) => c.type === "Ready")?.status, "True")
  assert.deepEqual(status?.vpc?.cidrs, ["10.0.0.0/16", "100.64.0.0/16"])
  assert.equal(status?.intents, undefined)
  const calls = world.callsSince()
  // Facts of the cloud are shared by all nodes; the node's own calls are four.
  assert.deepEqual(calls, {
    DescribeVpcs: 1,
    DescribeSubnets: 1,
    DescribeSecurityGroups: 1,
    DescribeNetworkInterfaces: 1,
    CreateNetworkInterface: 1,
    AttachNetworkInterface: 1,
    ModifyNetworkInterfaceAttribute: 1,
  })
  await world.clock.advance(120_000)
  assert.deepEqual(world.callsSince(), {})
  await term.stop()
})
