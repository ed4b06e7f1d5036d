import assert from "node:assert/strict"
import { test } from "node:test"
import { type VirtualClock, virtualClock } from "../../testing/virtual-clock.ts"
import { attachInterface, detachInterface } from "./attachments.ts"
import { type CloudOptions, createCloud, realisticLatency, realisticTiming } from "./cloud.ts"
import { runInstances, terminateInstances } from "./instances.ts"
import { createInterface, deleteInterface, modifyInterface } from "./interfaces.ts"
import { memoryEc2 } from "./memory-ec2.ts"
import { createNatGateway } from "./public-addresses.ts"
import {
  associateRouteTable,
  createRouteTable,
  replaceRouteTableAssociation,
  routeTableFor,
} from "./routing.ts"
import { createReservation, createSubnet, deleteReservation, deleteSubnet } from "./subnets.ts"
import { createTags } from "./tags.ts"
import { associateVpcCidr, createVpc, disassociateVpcCidr } from "./vpcs.ts"

function world(clock: VirtualClock, over: Partial<CloudOptions> = {}) {
  const cloud = createCloud({ clock, random: () => 0.5, region: "us-west-2", ...over })
  const { core } = cloud
  const vpc = createVpc(core, { cidr: "10.0.0.0/16" })
  const subnet = createSubnet(core, { vpcId: vpc.id, cidr: "10.0.1.0/24" })
  const [instance] = runInstances(core, { type: "m5.large", subnetId: subnet.id })
  assert.ok(instance)
  return { cloud, core, vpc, subnet, instance, ec2: memoryEc2(cloud) }
}

const create = (subnetId: string, clientToken = "t") => ({
  subnetId,
  securityGroups: [],
  description: "",
  tags: {},
  clientToken,
})

test("with realistic latency an interface is attached when the call returns, not before", async () => {
  const clock = virtualClock()
  await using w = world(clock, { latencyMs: realisticLatency, timing: realisticTiming }).cloud
  const { core } = w
  const ec2 = memoryEc2(w)
  await clock.advance(5_000)
  const [instance] = core.tables.instance.all()
  const [subnet] = core.tables.subnet.all()
  assert.equal(instance?.state, "running")
  const eni = createInterface(core, { subnetId: subnet?.id ?? "" })
  const start = clock.now()
  let attached = false
  const call = ec2
    .attachNetworkInterface({ id: eni.id, instanceId: instance?.id ?? "", deviceIndex: 1 })
    .then(() => {
      attached = true
    })
  const stateOf = () => core.tables.networkInterface.get(eni.id)?.attachment?.state
  await clock.advance(700)
  assert.equal(stateOf(), undefined)
  await clock.advance(100)
  assert.equal(stateOf(), "attaching")
  await clock.until(() => attached)
  await call
  assert.equal(stateOf(), "attached")
  assert.equal(clock.now() - start, 1_500)
})

test("an ended instance takes along the interfaces marked for it, and leaves the others available", () => {
  const clock = virtualClock()
  const { core, subnet, instance } = world(clock)
  const [mine, other] = [1, 2].map((deviceIndex) => {
    const eni = createInterface(core, { subnetId: subnet.id })
    const id = attachInterface(core, { id: eni.id, instanceId: instance.id, deviceIndex })
    return { eni, attachment: { id, deleteOnTermination: deviceIndex === 1 } }
  })
  assert.ok(mine && other)
  modifyInterface(core, { id: mine.eni.id, attachment: mine.attachment })
  terminateInstances(core, { ids: [instance.id] })
  assert.equal(core.tables.networkInterface.get(mine.eni.id), undefined)
  assert.equal(core.tables.networkInterface.get(other.eni.id)?.status, "available")
  assert.equal(core.tables.subnet.get(subnet.id)?.availableAddresses, 250)
  assert.equal(core.tables.instance.get(instance.id)?.state, "terminated")
})

test("the primary interface cannot be detached, and a used subnet not be deleted", () => {
  const { core, subnet, instance } = world(virtualClock())
  const [primary] = core.tables.networkInterface.in(instance.id)
  const attachmentId = primary?.attachment?.id ?? ""
  assert.throws(() => detachInterface(core, { attachmentId }), { code: "OperationNotPermitted" })
  assert.throws(() => deleteSubnet(core, { id: subnet.id }), { code: "DependencyViolation" })
})

test("an interface of a service cannot be changed by users", () => {
  const { core, subnet } = world(virtualClock())
  const nat = createNatGateway(core, { subnetId: subnet.id, isPrivate: true })
  assert.throws(() => deleteInterface(core, { id: nat.interfaceId }), {
    code: "OperationNotPermitted",
  })
})

test("single addresses avoid reserved ranges; prefixes use ranges reserved for them first", () => {
  const { core, subnet } = world(virtualClock())
  const reserve = (cidr: string, type: "prefix" | "explicit") =>
    createReservation(core, { subnetId: subnet.id, cidr, type })
  const low = reserve("10.0.1.0/28", "explicit")
  reserve("10.0.1.128/26", "prefix")
  assert.throws(() => reserve("10.0.1.160/28", "explicit"), /conflicts/)
  const eni = createInterface(core, { subnetId: subnet.id, addressCount: 1 })
  assert.deepEqual([eni.primaryAddress, ...eni.addresses], ["10.0.1.16", "10.0.1.17"])
  const prefixes = createInterface(core, { subnetId: subnet.id, prefixCount: 5 }).prefixes
  assert.deepEqual(prefixes.slice(0, 4), [
    "10.0.1.128/28",
    "10.0.1.144/28",
    "10.0.1.160/28",
    "10.0.1.176/28",
  ])
  assert.equal(prefixes[4], "10.0.1.32/28")
  // By name a reserved address can be had.
  const named = createInterface(core, { subnetId: subnet.id, primaryAddress: "10.0.1.9" })
  assert.equal(named.primaryAddress, "10.0.1.9")
  deleteReservation(core, { id: low.id })
  assert.equal(createInterface(core, { subnetId: subnet.id }).primaryAddress, "10.0.1.5")
})

test("a secondary block brings local routes, and may mix only what the VPC's ranges allow", () => {
  const { core, vpc } = world(virtualClock())
  const second = associateVpcCidr(core, { vpcId: vpc.id, cidr: "100.64.0.0/16" })
  const [table] = core.tables.routeTable.in(vpc.id)
  assert.deepEqual(
    table?.routes.map((r) => r.destination),
    ["10.0.0.0/16", "100.64.0.0/16"],
  )
  for (const cidr of ["192.168.0.0/16", "198.19.0.0/16", "100.64.1.0/24", "10.0.0.0/8"])
    assert.throws(() => associateVpcCidr(core, { vpcId: vpc.id, cidr }), {
      code: "InvalidVpc.Range",
    })
  createSubnet(core, { vpcId: vpc.id, cidr: "100.64.0.0/24" })
  const { associationId } = second
  assert.throws(() => disassociateVpcCidr(core, { associationId }), /has a subnet within/)
  for (const n of [1, 2, 3]) associateVpcCidr(core, { vpcId: vpc.id, cidr: `10.${n}.0.0/16` })
  assert.throws(() => associateVpcCidr(core, { vpcId: vpc.id, cidr: "10.9.0.0/16" }), {
    code: "VpcCidrBlockLimitExceeded",
  })
})

test("a subnet uses its own route table, else the VPC's main one", () => {
  const { core, vpc, subnet } = world(virtualClock())
  const main = routeTableFor(core, subnet.id)
  assert.equal(main?.associations[0]?.subnetId, undefined)
  const own = createRouteTable(core, { vpcId: vpc.id })
  associateRouteTable(core, { tableId: own.id, subnetId: subnet.id })
  assert.equal(routeTableFor(core, subnet.id)?.id, own.id)
  const other = createRouteTable(core, { vpcId: vpc.id })
  const [{ id: associationId = "" } = {}] = core.tables.routeTable.get(own.id)?.associations ?? []
  replaceRouteTableAssociation(core, { associationId, tableId: other.id })
  assert.equal(routeTableFor(core, subnet.id)?.id, other.id)
  assert.deepEqual(core.tables.routeTable.get(own.id)?.associations, [])
})

test("describe calls lag, changes do not", async () => {
  const clock = virtualClock()
  const { cloud, core, subnet, ec2 } = world(clock)
  await clock.advance(20_000)
  cloud.conduct.setLag(1_000)
  const eni = createInterface(core, { subnetId: subnet.id })
  createTags(core, { ids: [eni.id], tags: { a: "1" } })
  // Half of the lag at most, with this random source.
  await assert.rejects(ec2.describeNetworkInterfaces({ ids: [eni.id] }), { code: "ec2/not-found" })
  const [stale] = await ec2.describeSubnets({ ids: [subnet.id] })
  assert.equal(stale?.availableAddresses, 250)
  await ec2.assignAddresses({ id: eni.id, addressCount: 1 })
  await clock.advance(600)
  const [shown] = await ec2.describeNetworkInterfaces({ ids: [eni.id] })
  assert.deepEqual([shown?.tags, shown?.addresses.length], [{ a: "1" }, 1])
  await ec2.deleteNetworkInterface({ id: eni.id })
  assert.equal((await ec2.describeNetworkInterfaces({ ids: [eni.id] })).length, 1)
})

test("failures are injected by action, id, turn and number, before or after the effect", async () => {
  const { cloud, subnet, ec2 } = world(virtualClock())
  const action = "CreateNetworkInterface"
  const size = () => cloud.core.tables.networkInterface.size
  const before = size()
  cloud.conduct.inject({ action, code: "InternalError", status: 500, nth: 2 })
  await ec2.createNetworkInterface(create(subnet.id, "a"))
  await assert.rejects(ec2.createNetworkInterface(create(subnet.id, "b")), {
    code: "ec2/unavailable",
  })
  await ec2.createNetworkInterface(create(subnet.id, "c"))
  assert.equal(size() - before, 2)

  const lost = { action, code: "InternalError", when: "after", times: 1 } as const
  cloud.conduct.inject(lost)
  await assert.rejects(ec2.createNetworkInterface(create(subnet.id, "d")))
  assert.equal(size() - before, 3)
  const again = await ec2.createNetworkInterface(create(subnet.id, "d"))
  assert.equal(size() - before, 3)
  assert.ok(again.id)

  const code = "InsufficientFreeAddressesInSubnet"
  const undo = cloud.conduct.inject({ action: "*", code, about: subnet.id })
  await assert.rejects(ec2.createNetworkInterface(create(subnet.id, "e")), {
    code: "ec2/subnet-full",
  })
  await ec2.describeSubnets({})
  undo()
  await ec2.createNetworkInterface(create(subnet.id, "e"))
})

test("a denied action is refused until it is allowed again", async () => {
  const { cloud, ec2, subnet } = world(virtualClock())
  const allow = cloud.conduct.deny("CreateNetworkInterface")
  await assert.rejects(ec2.createNetworkInterface(create(subnet.id)), { code: "ec2/unauthorized" })
  allow()
  await ec2.createNetworkInterface(create(subnet.id))
  assert.equal(cloud.calls.get("CreateNetworkInterface"), 2)
})

test("request limits are EC2's: 100 creates at once, then five a second", async () => {
  const clock = virtualClock()
  const { ec2, subnet } = world(clock, { limits: true })
  const burst = async (n: number, name: string) => {
    const calls = Array.from({ length: n }, (_, i) =>
      ec2.createNetworkInterface(create(subnet.id, `${name}${i}`)),
    )
    const results = await Promise.allSettled(calls)
    return results.filter((r) => r.status === "fulfilled").length
  }
  assert.equal(await burst(120, "a"), 100)
  await clock.advance(2_000)
  assert.equal(await burst(20, "b"), 10)
  assert.equal((await ec2.describeVpcs({ ids: [] })).length, 0)
})

test("listeners see every change, in order, until they leave", () => {
  const { cloud, core, subnet, instance } = world(virtualClock())
  const seen: string[] = []
  const leave = cloud.onChange((change) => {
    if (change.kind === "networkInterface")
      seen.push(`${change.before?.status ?? "new"} -> ${change.after?.status ?? "gone"}`)
  })
  const eni = createInterface(core, { subnetId: subnet.id })
  attachInterface(core, { id: eni.id, instanceId: instance.id, deviceIndex: 1 })
  leave()
  createInterface(core, { subnetId: subnet.id })
  assert.deepEqual(seen, ["new -> available", "available -> in-use", "in-use -> in-use"])
})
