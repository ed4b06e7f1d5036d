import assert from "node:assert/strict"
import { test } from "node:test"
import type { Condition } from "../api/meta.ts"
import { eniConfigs, nodes } from "../api/resources.ts"
import { occupyAddresses } from "../ec2/memory/occupy.ts"
import { KubeError } from "../kube/kube.ts"
import type { LeakMode } from "./config.ts"
import { ids } from "./testing/test-cloud.ts"
import { cluster, World } from "./testing/world.ts"

const condition = (list: readonly Condition[] | undefined, type: string) =>
  list?.find((c) => c.type === type)

async function settled(
  config: { name: string; subnet: string } | null = { name: "a", subnet: ids.podsA },
  prepare?: (world: World) => Promise<void>,
  leaks?: LeakMode,
) {
  const world = new World()
  if (config) await world.addConfig(config.name, config.subnet)
  await world.addNode("n1")
  await world.waiting("n1", 3)
  await prepare?.(world)
  const term = world.start(leaks)
  await world.clock.advance(5_000)
  const own = async () => ((await world.status("n1"))?.interfaces ?? []).filter((i) => !i.primary)
  return { world, term, own }
}

test("a node with demand gets an interface of its ENIConfig in four calls", async () => {
  const { world, term, own } = await settled()
  const status = await world.status("n1")
  const [iface, ...others] = await own()
  assert.deepEqual(others, [])
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
  assert.equal(condition(status?.conditions, "Ready")?.status, "True")
  assert.deepEqual(status?.vpc?.cidrs, ["10.0.0.0/16", "100.64.0.0/16"])
  assert.equal(status?.intents, undefined)
  // Facts of the cloud are shared by all nodes; the node's own calls are four.
  assert.deepEqual(world.callsSince(), {
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

test("an interface carries the original's tags and description, and says what it is for", async () => {
  const { world, term, own } = await settled()
  const [iface] = await own()
  const [eni] = await world.ec2.describeNetworkInterfaces({ ids: [iface?.id ?? ""] })
  const instanceID = world.instances.get("n1")
  assert.equal(eni?.description, `aws-K8S-${instanceID}`)
  const {
    "berth.dev/intent": intent,
    "node.k8s.amazonaws.com/createdAt": createdAt,
    ...tags
  } = eni?.tags ?? {}
  assert.deepEqual(tags, {
    "node.k8s.amazonaws.com/instance_id": instanceID,
    "cluster.k8s.amazonaws.com/name": cluster,
    "eks:eni:owner": "amazon-vpc-cni",
    "berth.dev/placement": "node",
    "berth.dev/object": "ENIConfig/a",
  })
  assert.match(intent ?? "", /^berth-[0-9a-f]{40}$/)
  assert.equal(createdAt, "2030-01-01T00:00:00Z")
  assert.equal(eni?.attachment?.deleteOnTermination, true)
  await term.stop()
})

test("more waiting pods top up the interface, then open another, each in one call", async () => {
  const { world, term, own } = await settled()
  world.callsSince()
  await world.waiting("n1", 5, 3)
  await world.clock.advance(2_000)
  const enis = await own()
  assert.equal(enis.length, 2)
  assert.equal(enis[0]?.addresses.length, 9)
  assert.deepEqual(world.callsSince(), {
    AssignPrivateIpAddresses: 1,
    CreateNetworkInterface: 1,
    AttachNetworkInterface: 1,
    ModifyNetworkInterfaceAttribute: 1,
  })
  await term.stop()
})

const refusals = [
  {
    name: "a missing ENIConfig",
    config: null,
    code: "placement/eniconfig-missing",
    reason: "ENIConfigMissing",
  },
  {
    name: "a subnet of another zone",
    config: { name: "a", subnet: ids.podsB },
    code: "placement/zone-mismatch",
    reason: "ZoneMismatch",
  },
  {
    name: "an unknown subnet",
    config: { name: "a", subnet: "subnet-0000000000000dead" },
    code: "placement/subnet-unknown",
    reason: "SubnetUnknown",
  },
]
for (const { name, config, code, reason } of refusals)
  test(`W6: ${name} is refused before any EC2 change, with the reason where users look`, async () => {
    const { world, term, own } = await settled(config)
    assert.deepEqual(await own(), [])
    const calls = world.callsSince()
    assert.equal(calls["CreateNetworkInterface"], undefined)
    const status = await world.status("n1")
    assert.equal(status?.placements[0]?.ready, false)
    assert.equal(status?.placements[0]?.code, code)
    assert.equal(condition(status?.conditions, "PlacementRefused")?.reason, reason)
    assert.equal(condition(status?.conditions, "Ready")?.status, "False")
    const said = await world.events()
    assert.ok(said.some((e) => e.regarding.kind === "Node" && e.reason === reason))
    if (config) assert.ok(said.some((e) => e.regarding.kind === "ENIConfig" && e.reason === reason))
    // Waiting costs little: the unknown subnet is asked for again, nothing else.
    await world.clock.advance(300_000)
    const { DescribeSubnets = 0, ...others } = world.callsSince()
    assert.ok(DescribeSubnets <= 12, `${DescribeSubnets} calls`)
    assert.deepEqual(others, {})
    await term.stop()
  })

test("an unknown security group is refused, and taken as soon as it exists", async () => {
  const world = new World()
  await world.addConfig("a", ids.podsA, ["sg-0000000000000dead"])
  await world.addNode("n1")
  await world.waiting("n1", 1)
  const term = world.start()
  await world.clock.advance(5_000)
  const status = await world.status("n1")
  assert.equal(status?.placements[0]?.code, "placement/security-group-invalid")
  await world.editConfig("a", { subnet: ids.podsA, securityGroups: [ids.groupOther] })
  await world.clock.advance(1_000)
  const enis = (await world.status("n1"))?.interfaces ?? []
  assert.deepEqual(enis[1]?.securityGroups, [ids.groupOther])
  await term.stop()
})

test("W1: a failed read of ENIConfigs or nodes never leads to another placement", async () => {
  const { world, term, own } = await settled(null, async (world) => {
    await world.addConfig("default", ids.podsA2)
    world.kube.setFault(({ method, resource }) => {
      if (method === "list" && resource?.kind === "ENIConfig")
        throw new KubeError(403, "Forbidden", "eniconfigs is forbidden")
    })
  })
  assert.deepEqual(await own(), [])
  assert.deepEqual(world.callsSince(), {})
  await term.stop()
})

test("W2: edited security groups reach the live interface by one call, at once", async () => {
  const { world, term, own } = await settled()
  world.callsSince()
  await world.editConfig("a", { subnet: ids.podsA, securityGroups: [ids.groupOther] })
  await world.clock.advance(1_000)
  assert.deepEqual((await own())[0]?.securityGroups, [ids.groupOther])
  assert.deepEqual(world.callsSince(), {
    DescribeSecurityGroups: 1,
    ModifyNetworkInterfaceAttribute: 1,
  })
  assert.ok((await world.events()).some((e) => e.reason === "SecurityGroupsChanged"))
  await term.stop()
})

test("a changed subnet drains the old interface and opens a new one without replacing the node", async () => {
  const { world, term, own } = await settled()
  await world.editConfig("a", { subnet: ids.podsA2, securityGroups: [ids.groupPods] })
  await world.clock.advance(2_000)
  assert.deepEqual(
    (await own()).map((i) => [i.subnetID, i.state]),
    [
      [ids.podsA, "Draining"],
      [ids.podsA2, "Ready"],
    ],
  )
  const status = await world.status("n1")
  assert.equal(condition(status?.conditions, "Draining")?.status, "True")
  await term.stop()
})

test("a changed annotation rebinds the node; back again it takes the drained interface up", async () => {
  const { world, term, own } = await settled()
  await world.addConfig("b", ids.podsA2)
  await world.bind("n1", "b")
  await world.clock.advance(2_000)
  assert.equal((await world.status("n1"))?.binding?.name, "b")
  assert.deepEqual(
    (await own()).map((i) => i.state),
    ["Draining", "Ready"],
  )
  await world.bind("n1", "a")
  await world.clock.advance(2_000)
  assert.deepEqual(
    (await own()).map((i) => i.state),
    ["Ready", "Draining"],
  )
  await term.stop()
})

test("W40: what the agent offers is given back, and only that", async () => {
  const { world, term, own } = await settled()
  const [iface] = await own()
  const address = iface?.addresses[4] ?? ""
  await world.waiting("n1", 0)
  await world.spec("n1", { offers: [{ interfaceID: iface?.id ?? "", address }] })
  await world.clock.advance(2_000)
  assert.deepEqual((await own())[0]?.addresses, iface?.addresses.slice(0, 4))
  const [eni] = await world.ec2.describeNetworkInterfaces({ ids: [iface?.id ?? ""] })
  assert.deepEqual(eni?.addresses, iface?.addresses.slice(0, 4))
  await term.stop()
})

test("an interface given back is detached and deleted; it leaves status when it is gone", async () => {
  const { world, term, own } = await settled()
  const [iface] = await own()
  const id = iface?.id ?? ""
  await world.editConfig("a", { subnet: ids.podsA2, securityGroups: [ids.groupPods] })
  await world.clock.advance(2_000)
  await world.spec("n1", { offers: [{ interfaceID: id }] })
  await world.clock.advance(20_000)
  assert.deepEqual(
    (await own()).map((i) => i.subnetID),
    [ids.podsA2],
  )
  await assert.rejects(world.ec2.describeNetworkInterfaces({ ids: [id] }))
  await term.stop()
})

test("W19: an interface that takes a minute to detach keeps no pod waiting", async () => {
  const { world, term, own } = await settled()
  const [iface] = await own()
  await world.editConfig("a", { subnet: ids.podsA2, securityGroups: [ids.groupPods] })
  await world.clock.advance(2_000)
  world.cloud.conduct.setLatency("DetachNetworkInterface", 60_000)
  await world.spec("n1", { offers: [{ interfaceID: iface?.id ?? "" }] })
  await world.clock.advance(1_000)
  await world.waiting("n1", 7)
  await world.clock.advance(3_000)
  assert.deepEqual(
    (await own()).map((i) => [i.state, i.addresses.length]),
    [
      ["Releasing", 5],
      ["Ready", 9],
    ],
  )
  await term.stop()
})

test("a full subnet: the reason is on node, NodeNetwork and ENIConfig within a second", async () => {
  const { world, term, own } = await settled({ name: "a", subnet: ids.tiny }, (w) =>
    w.waiting("n1", 9),
  )
  assert.equal((await own())[0]?.addresses.length, 9)
  await world.waiting("n1", 5, 9)
  await world.clock.advance(1_000)
  const status = await world.status("n1")
  assert.equal(status?.placements[0]?.ready, false)
  assert.match(status?.placements[0]?.message ?? "", /subnet-00000000000000aa/)
  assert.equal(condition(status?.conditions, "SubnetExhausted")?.status, "True")
  const kinds = (await world.events())
    .filter((e) => e.reason === "SubnetsFull")
    .map((e) => e.regarding.kind)
  assert.deepEqual([...new Set(kinds)].sort(), ["ENIConfig", "Node"])
  const full = await world.kube.get(eniConfigs, "a")
  assert.equal(condition(full?.status?.conditions, "SubnetExhausted")?.status, "True")
  world.callsSince()
  await world.clock.advance(300_000)
  assert.equal(world.callsSince()["AssignPrivateIpAddresses"], undefined)
  // A fresh subnet serves at once.
  await world.editConfig("a", { subnet: ids.podsA2, securityGroups: [ids.groupPods] })
  await world.clock.advance(1_000)
  assert.equal((await own())[1]?.subnetID, ids.podsA2)
  assert.ok(((await own())[1]?.addresses.length ?? 0) >= 7)
  await term.stop()
})

test("a /28 with eleven free addresses serves what it has (the original asks for 29 and never starts)", async () => {
  const { world, term, own } = await settled({ name: "a", subnet: ids.tiny }, async (w) => {
    await w.spec("n1", { targets: { warmENI: 1, maxPods: 110 } })
    await w.waiting("n1", 4)
  })
  const [iface] = await own()
  assert.ok((iface?.addresses.length ?? 0) >= 4)
  assert.equal((await world.status("n1"))?.placements[0]?.ready, true)
  await term.stop()
})

test("a subnet that others emptied behind our back is noticed by one refusal", async () => {
  const { world, term, own } = await settled()
  // Others take all but three addresses; the cached figure says otherwise.
  const [pods] = await world.ec2.describeSubnets({ ids: [ids.podsA] })
  occupyAddresses(world.cloud.core, {
    subnetId: ids.podsA,
    count: (pods?.availableAddresses ?? 0) - 3,
  })
  world.callsSince()
  await world.waiting("n1", 4, 5)
  await world.clock.advance(3_000)
  const calls = world.callsSince()
  assert.equal(calls["AssignPrivateIpAddresses"], 1)
  const held = (await own()).reduce((sum, i) => sum + 1 + i.addresses.length, 0)
  assert.equal(held, 6 + 3)
  assert.equal((await world.status("n1"))?.placements[0]?.code, "ipam/subnets-full")
  await term.stop()
})

test("ENIConfig.status counts nodes, interfaces and addresses, and keeps up", async () => {
  const { world, term } = await settled()
  await world.clock.advance(10_000)
  const status = (await world.kube.get(eniConfigs, "a"))?.status
  assert.deepEqual(
    [status?.nodes, status?.interfaces, status?.addresses, status?.freeAddresses],
    [1, 1, 5, 245],
  )
  assert.deepEqual([status?.zone, status?.cidr], ["us-west-2a", "100.64.0.0/24"])
  assert.equal(condition(status?.conditions, "Ready")?.status, "True")
  await world.waiting("n1", 2, 5)
  await world.clock.advance(10_000)
  assert.equal((await world.kube.get(eniConfigs, "a"))?.status?.addresses, 9)
  await term.stop()
})

test("an ENIConfig that no node uses says whether it could be used", async () => {
  const world = new World()
  await world.addConfig("good", ids.podsA)
  await world.addConfig("bad", "subnet-0000000000000dead")
  await world.addConfig("groupless", ids.podsA, ["sg-0000000000000dead"])
  const term = world.start()
  await world.clock.advance(3_000)
  const ready = async (name: string) => {
    const status = (await world.kube.get(eniConfigs, name))?.status
    return condition(status?.conditions, "Ready")?.reason
  }
  assert.equal(await ready("good"), "Ready")
  assert.equal(await ready("bad"), "SubnetUnknown")
  assert.equal(await ready("groupless"), "SecurityGroupInvalid")
  await term.stop()
})

for (const leaks of ["free", "report", "off"] as const)
  test(`leaked interfaces, ${leaks}: freed after age and quarantine or not at all, and never another cluster's`, async () => {
    const { world, term } = await settled(undefined, undefined, leaks)
    const leak = async (token: string, name: string) => {
      const { id } = await world.ec2.createNetworkInterface({
        subnetId: ids.podsA2,
        securityGroups: [],
        description: "aws-K8S-i-0123456789abcdef0",
        tags: {
          "node.k8s.amazonaws.com/instance_id": "i-0123456789abcdef0",
          "cluster.k8s.amazonaws.com/name": name,
        },
        clientToken: token,
      })
      return () => world.cloud.core.tables.networkInterface.get(id) !== undefined
    }
    const ours = await leak("1", cluster)
    const theirs = await leak("2", "other-cluster")
    await world.clock.advance(11 * 60_000)
    assert.equal(ours(), true, "seen once")
    await world.clock.advance(11 * 60_000)
    assert.deepEqual([ours(), theirs()], [leaks !== "free", true])
    await term.stop()
  })

test("a departed node: interfaces first, then the record; not while the instance runs", async () => {
  const { world, term, own } = await settled()
  const [iface] = await own()
  const id = iface?.id ?? ""
  await world.kube.remove(nodes, { name: "n1" })
  await world.clock.advance(120_000)
  assert.ok(await world.status("n1"), "the instance still runs")
  // Somebody had taken DeleteOnTermination off: the interface outlives its instance.
  const [eni] = await world.ec2.describeNetworkInterfaces({ ids: [id] })
  await world.ec2.modifyNetworkInterface({
    ...{ id, attachmentId: eni?.attachment?.id ?? "", deleteOnTermination: false },
  })
  world.terminate("n1")
  await world.clock.advance(15 * 60_000)
  await assert.rejects(world.ec2.describeNetworkInterfaces({ ids: [id] }))
  assert.equal(await world.status("n1"), undefined)
  await term.stop()
})
