import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { events, nodeNetworks, pods, subnetPools } from "../api/resources.ts"
import { agentWorld, until } from "./testing/agent-world.ts"
import { podInterface, primaryInterface, testPod } from "./testing/fake-controller.ts"

type World = Awaited<ReturnType<typeof agentWorld>>

const addressOf = (output: { [field: string]: unknown }) =>
  (output["ips"] as { address: string }[] | undefined)?.[0]?.address
const specWritten = (world: World) => until("spec written", () => world.controller.read())
const eventsOf = async (world: World, name: string) =>
  (await world.kube.list(events)).items.filter((e) => e.regarding.name === name)

const setPhase = (world: World, name: string, phase: string) => {
  const target = { name, namespace: "default" }
  return world.kube.patch(pods, target, {
    type: "merge",
    subresource: "status",
    body: { status: { phase } },
  })
}

async function servingWorld(addresses: number, env: Record<string, string> = {}) {
  const world = await agentWorld(env)
  const agent = await world.start()
  await specWritten(world)
  await world.controller.grant([primaryInterface(), podInterface(1, addresses)])
  await until("interface open", () => agent.notReady() === undefined)
  return { world, agent }
}

test("a pod gets an address of the granted interface, wired and journalled, and DEL gives it back", async () => {
  const { world, agent } = await servingWorld(3)
  using _ = world
  await using __ = agent
  const added = await world.cni("ADD", "c1")
  assert.equal(added.code, 0, JSON.stringify(added.output))
  assert.equal(addressOf(added.output), "100.64.1.11/32")
  const journal = readFileSync(join(world.folder, "journal.jsonl"), "utf8")
  assert.match(journal, /"op":"hold".*100\.64\.1\.11/)
  assert.deepEqual(await world.cni("CHECK", "c1"), { code: 0, output: {} })
  assert.deepEqual(await world.cni("DEL", "c1"), { code: 0, output: {} })
  assert.deepEqual(await world.cni("DEL", "c1"), { code: 0, output: {} }, "twice is fine")
  assert.equal(agent.book.attachments().length, 0)
  assert.equal((await world.cni("CHECK", "c1")).output["code"], 3)
})

test("ADD again for the same sandbox answers the same and leaves the wiring alone", async () => {
  const { world, agent } = await servingWorld(3)
  using _ = world
  await using __ = agent
  const first = await world.cni("ADD", "c1")
  const links = world.kernel.host.links().map((l) => l.index)
  const second = await world.cni("ADD", "c1")
  assert.deepEqual(second, first)
  assert.deepEqual(
    world.kernel.host.links().map((l) => l.index),
    links,
  )
})

test("ADDs at once get different addresses; what cannot be wired gives its address back", async () => {
  const { world, agent } = await servingWorld(40)
  using _ = world
  await using __ = agent
  const names = Array.from({ length: 30 }, (_, i) => `c${i}`)
  const [broken, ...added] = await Promise.all([
    world.cni("ADD", "broken", { CNI_IFNAME: "lo" }),
    ...names.map((name) => world.cni("ADD", name)),
  ])
  assert.equal(new Set(added.map((a) => addressOf(a.output))).size, 30)
  assert.equal(broken?.code, 1)
  assert.equal(agent.book.attachments().length, 30)
  assert.equal([...agent.book.pool.cooling()].length, 0)
})

test("W16: demand counts pods from the moment they are bound", async () => {
  const { world, agent } = await servingWorld(1)
  using _ = world
  await using __ = agent
  await world.cni("ADD", "a")
  await world.kube.create(pods, testPod("pod-a", world.node))
  await world.kube.create(pods, testPod("b", world.node))
  await world.kube.create(pods, testPod("host", world.node, { hostNetwork: true }))
  await world.kube.create(pods, testPod("done", world.node))
  await setPhase(world, "done", "Succeeded")
  await world.kube.create(pods, testPod("elsewhere", "n2"))
  const object = await until("demand", async () => {
    const read = await world.controller.read()
    return read?.spec.demand[0]?.waiting === 1 && read
  })
  assert.deepEqual(object.spec.demand, [{ placement: "node", inUse: 1, waiting: 1, cooling: 0 }])
  assert.equal(object.spec.instanceID, "i-0123456789abcdef0")
  assert.equal(object.spec.targets.maxPods, 110)
  assert.equal(object.metadata.ownerReferences?.[0]?.kind, "Node")
})

test("an address that has cooled down is told to the controller as free, though nothing else happens", async () => {
  const { world, agent } = await servingWorld(3, { IP_COOLDOWN_PERIOD: "2" })
  using _ = world
  await using __ = agent
  await world.cni("ADD", "c1")
  await world.cni("DEL", "c1")
  const cooling = (count: number) =>
    until(`${count} cooling`, async () => {
      const [demand] = (await world.controller.read())?.spec.demand ?? []
      return demand?.cooling === count
    })
  await cooling(1)
  await cooling(0)
})

test("a deleted NodeNetwork is written again, and pods keep what they have", async () => {
  const { world, agent } = await servingWorld(2)
  using _ = world
  await using __ = agent
  await world.cni("ADD", "a")
  await world.kube.remove(nodeNetworks, { name: world.node })
  await until("written again", () => world.controller.read())
  assert.equal(agent.book.attachments().length, 1)
  assert.equal((await world.cni("ADD", "b")).code, 0)
})

test("W11: a refused placement is told on the pod and in the CNI error, which comes at once", async () => {
  using world = await agentWorld()
  await using _ = await world.start()
  await specWritten(world)
  await world.kube.create(pods, testPod("pod-a", world.node))
  const message = 'node n1 is bound to ENIConfig "gold" (by Annotation), which does not exist'
  await world.controller.refuse("placement/eniconfig-missing", message, "Create it.")
  const [event] = await until("event", async () => {
    const list = await eventsOf(world, "pod-a")
    return list.length > 0 && list
  })
  assert.deepEqual([event?.type, event?.reason], ["Warning", "FailedAddressAssignment"])
  assert.equal(event?.note, `no address: ${message}. Create it.`)
  const { code, output } = await world.cni("ADD", "a")
  assert.deepEqual([code, output["code"]], [1, 11])
  assert.match(
    String(output["msg"]),
    /pod default\/pod-a on node n1 gets no address: node n1 is bound/,
  )
  assert.match(String(output["details"]), /Create it\./)
  assert.equal((await eventsOf(world, "pod-a")).length, 1, "told once")
})

test("a full subnet is told on the pod while the ADD waits, and the ADD is served when that ends", async () => {
  using world = await agentWorld()
  await using agent = await world.start()
  await specWritten(world)
  await world.kube.create(pods, testPod("pod-a", world.node))
  const message = "subnet subnet-1 has no free address left"
  await world.controller.refuse("ec2/subnet-full", message, "Add a subnet.")
  const add = world.cni("ADD", "a")
  await until("event", async () => (await eventsOf(world, "pod-a"))[0]?.note.includes(message))
  assert.match(agent.notReady() ?? "", /subnet-1 has no free address/)
  await world.controller.grant([primaryInterface(), podInterface(1, 2)])
  assert.equal((await add).code, 0)
  assert.equal(agent.notReady(), undefined)
})

test("W39: STATUS and the CNI configuration wait for the first interface, and a full node is still available", async () => {
  using world = await agentWorld()
  await using agent = await world.start()
  const conflist = join(world.folder, "net.d", "10-aws.conflist")
  const early = await world.cni("STATUS", "")
  assert.equal(early.output["code"], 50)
  assert.match(agent.notReady() ?? "", /no interface serves pods yet/)
  await specWritten(world)
  assert.equal(existsSync(conflist), false)
  await world.controller.grant([primaryInterface(), podInterface(1, 1)])
  await until("CNI configuration", () => existsSync(conflist))
  assert.deepEqual(JSON.parse(readFileSync(conflist, "utf8")).plugins, [{ type: "berth-cni" }])
  assert.deepEqual(await world.cni("STATUS", ""), { code: 0, output: {} })
  await world.cni("ADD", "a")
  assert.deepEqual(await world.cni("STATUS", ""), { code: 0, output: {} })
})

test("W39: GC frees what the runtime no longer knows, and nothing else", async () => {
  const { world, agent } = await servingWorld(4)
  using _ = world
  await using __ = agent
  for (const name of ["a", "b"]) await world.cni("ADD", name)
  await world.cni("ADD", "other", {}, { name: "other-network" })
  const valid = { "cni.dev/valid-attachments": [{ containerID: "a", ifname: "eth0" }] }
  assert.equal((await world.cni("GC", "", {}, { cniVersion: "1.1.0", ...valid })).code, 0)
  const left = agent.book.attachments().map((a) => a.held.key.containerID)
  assert.deepEqual(left, ["a", "other"])
})

test("a restart without the API serves from what was last known, and pods keep their addresses", async () => {
  const { world, agent } = await servingWorld(2)
  using _ = world
  const first = await world.cni("ADD", "a")
  await agent[Symbol.asyncDispose]()
  world.kube.setFault(() => {
    throw new Error("connection refused")
  })
  await using again = await world.start()
  assert.deepEqual(await world.cni("ADD", "a"), first)
  const second = await world.cni("ADD", "b")
  assert.equal(second.code, 0, JSON.stringify(second.output))
  assert.notEqual(addressOf(second.output), addressOf(first.output))
  assert.equal(again.book.attachments().length, 2)
})

test("W5: after custom networking is turned on nothing is served from the status of the old mode", async () => {
  const off = { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "false" }
  const world = await agentWorld(off)
  using _ = world
  const agent = await world.start()
  await specWritten(world)
  await world.controller.grant([{ ...primaryInterface(), addresses: ["10.0.0.20", "10.0.0.21"] }])
  await until("ready", () => agent.notReady() === undefined)
  assert.equal(addressOf((await world.cni("ADD", "a")).output), "10.0.0.20/32")
  await agent[Symbol.asyncDispose]()
  const switched = await world.start({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true" })
  await using __ = switched
  await until("spec", async () => (await world.controller.read())?.spec.mode.customNetworking)
  const add = world.cni("ADD", "b")
  await until("in line", () => switched.book.waiting().length === 1)
  await world.controller.grant([primaryInterface(), podInterface(1, 2)])
  assert.equal(addressOf((await add).output), "100.64.1.11/32")
  assert.equal(
    switched.book.attachments()[0]?.held.address,
    "10.0.0.20",
    "the old pod keeps its own",
  )
})

test("a pod that a SubnetPool selects is counted and served apart", async () => {
  const { world, agent } = await servingWorld(3)
  using _ = world
  await using __ = agent
  await world.kube.create(subnetPools, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name: "db" },
    spec: { subnets: [{ id: "subnet-db" }], podSelector: { matchLabels: { app: "db" } } },
  })
  const db = testPod("pod-db", world.node)
  await world.kube.create(pods, { ...db, metadata: { ...db.metadata, labels: { app: "db" } } })
  await until("demand of the pool", async () => {
    const demand = (await world.controller.read())?.spec.demand ?? []
    return demand.some((d) => d.placement === "pool:db" && d.waiting === 1)
  })
  const add = world.cni("ADD", "db")
  await until("in line", () => agent.book.waiting()[0]?.placement === "pool:db")
  const eni = { ...podInterface(2, 1), placement: "pool:db" }
  await world.controller.grant([primaryInterface(), podInterface(1, 3), eni])
  assert.equal(addressOf((await add).output), "100.64.2.11/32")
})

test("what of the environment is not served is told on the node", async () => {
  const { world, agent } = await servingWorld(1, { ENABLE_MULTI_NIC: "true" })
  using _ = world
  await using __ = agent
  const [event] = await until("event", async () => {
    const list = await eventsOf(world, world.node)
    return list.length > 0 && list
  })
  assert.equal(event?.reason, "EnvironmentNotServed")
  assert.match(event?.note ?? "", /ENABLE_MULTI_NIC="true": not served/)
})

test("a draining interface serves its pods, gets no new ones, and is offered when it is empty", async () => {
  const { world, agent } = await servingWorld(2, { IP_COOLDOWN_PERIOD: "0" })
  using _ = world
  await using __ = agent
  await world.cni("ADD", "a")
  await world.controller.grant([
    primaryInterface(),
    { ...podInterface(1, 2), state: "Draining" },
    podInterface(2, 2),
  ])
  await until("second interface", () => agent.book.pool.counts("node").free === 2)
  assert.equal(addressOf((await world.cni("ADD", "b")).output), "100.64.2.11/32")
  assert.equal((await world.cni("DEL", "a")).code, 0)
  const offered = await until("offer", async () => {
    const offers = (await world.controller.read())?.spec.offers ?? []
    return offers.length > 0 && offers
  })
  assert.deepEqual(offered, [{ interfaceID: "eni-1" }])
  await world.controller.grant([primaryInterface(), podInterface(2, 2)])
  await until(
    "offer settled",
    async () => (await world.controller.read())?.spec.offers.length === 0,
  )
})
