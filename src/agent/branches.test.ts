// Goal: the node's half of the control plane's contract for branch interfaces, by a whole agent on a kernel in memory.
import assert from "node:assert/strict"
import { test } from "node:test"
import type { CNINode } from "../api/cninode.ts"
import type { Pod } from "../api/core.ts"
import type { NodeInterface } from "../api/nodenetwork.ts"
import { cniNodes, pods } from "../api/resources.ts"
import { isError } from "../errors/catalogue.ts"
import { memoryKernel } from "../kernel/memory/memory-kernel.ts"
import { memoryKube } from "../kube/memory/memory-kube.ts"
import { silentLogger } from "../log.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { Branches } from "./branches.ts"
import { missingFeatures } from "./cninode-features.ts"
import { podENI } from "./network/branch-annotation.ts"
import { watchNodeObjects } from "./node-objects.ts"
import { agentWorld, until } from "./testing/agent-world.ts"
import { podInterface, primaryInterface, testPod } from "./testing/fake-controller.ts"

/** As amazon-vpc-resource-controller-k8s writes it. */
const annotation = JSON.stringify([
  {
    eniId: "eni-0eb4769ea066fa90c",
    ifAddress: "02:23:a2:af:a2:1f",
    privateIp: "10.42.10.154",
    vlanId: 2,
    subnetCidr: "10.42.10.0/24",
  },
])

const trunk = (): NodeInterface => ({
  ...podInterface(3, 0),
  id: "eni-trunk",
  type: "trunk",
  state: "Foreign",
})

const branchPod = (name: string, node: string): Pod =>
  testPod(name, node, { containers: [{ name: "c", resources: { limits: { [podENI]: "1" } } }] })

async function serving(env: Record<string, string> = {}, lacks: readonly string[] = []) {
  const world = await agentWorld({ ENABLE_POD_ENI: "true", ...env }, { lacks })
  world.kernel.plug(trunk().mac)
  const node: CNINode = {
    apiVersion: "vpcresources.k8s.aws/v1alpha1",
    kind: "CNINode",
    metadata: { name: world.node },
  }
  await world.kube.create(cniNodes, node)
  const agent = await world.start()
  const spec = await until("spec written", () => world.controller.read())
  assert.equal(spec.spec.mode.podENI, true)
  await world.controller.grant([primaryInterface(), podInterface(1, 2), trunk()], {
    binding: { name: "default", source: "Default", key: "" },
  })
  await until("interface open", () => agent.notReady() === undefined)
  return { world, agent }
}

const annotate = (world: Awaited<ReturnType<typeof serving>>["world"], name: string) =>
  world.kube.patch(
    pods,
    { name, namespace: "default" },
    { type: "merge", body: { metadata: { annotations: { [podENI]: annotation } } } },
  )

const features = async (world: Awaited<ReturnType<typeof serving>>["world"]) =>
  (await world.kube.get(cniNodes, world.node))?.spec?.features

test("a pod that the control plane gave a branch interface has its address, and nothing of the node's pool", async () => {
  const { world, agent } = await serving()
  using _ = world
  await using __ = agent
  await until("features asked for", async () => (await features(world))?.length === 2)
  assert.deepEqual(await features(world), [
    { name: "CustomNetworking", value: "default" },
    { name: "SecurityGroupsForPods", value: "" },
  ])
  await world.kube.create(pods, branchPod("pod-a", world.node))
  // The annotation comes after the ADD, which waits for it.
  const add = world.cni("ADD", "a")
  await annotate(world, "pod-a")
  const { code, output } = await add
  assert.equal(code, 0, JSON.stringify(output))
  assert.equal((output["ips"] as { address: string }[])[0]?.address, "10.42.10.154/32")
  assert.equal(world.kernel.host.link("vlan.eth.2")?.mac, "02:23:a2:af:a2:1f")
  assert.deepEqual(await world.cni("CHECK", "a"), { code: 0, output: {} })
  const { spec } = (await world.controller.read()) ?? {}
  assert.deepEqual(spec?.demand, [{ placement: "node", inUse: 0, waiting: 0, cooling: 0 }])
  assert.deepEqual(agent.book.pool.lost(), [])
  assert.deepEqual(await world.cni("ADD", "a"), { code, output }, "ADD again answers the same")

  await world.kube.create(pods, testPod("pod-b", world.node))
  const ordinary = await world.cni("ADD", "b")
  assert.equal(ordinary.code, 0, JSON.stringify(ordinary.output))
  assert.equal((ordinary.output["ips"] as { address: string }[])[0]?.address, "100.64.1.11/32")

  // DEL needs neither the pod nor its annotation.
  await world.kube.remove(pods, { name: "pod-a", namespace: "default" })
  assert.equal((await world.cni("DEL", "a")).code, 0)
  assert.equal(world.kernel.host.link("vlan.eth.2"), undefined)
  assert.deepEqual(
    world.kernel.host.rules().filter(({ incoming }) => incoming !== undefined),
    [],
  )
})

test("a successor of the agent knows the branch interfaces of its pods", async () => {
  const { world, agent } = await serving()
  using _ = world
  await world.kube.create(pods, branchPod("pod-a", world.node))
  await annotate(world, "pod-a")
  assert.equal((await world.cni("ADD", "a")).code, 0)
  await agent[Symbol.asyncDispose]()
  await using successor = await world.start()
  assert.equal(successor.book.attachments()[0]?.wiring.branch?.vlan, 2)
  assert.equal((await world.cni("DEL", "a")).code, 0)
  assert.equal(world.kernel.host.link("vlan.eth.2"), undefined)
})

test("while a former sandbox still has the address of the branch, the pod is told so, and gets it after that one's DEL", async () => {
  const { world, agent } = await serving()
  using _ = world
  await using __ = agent
  await world.kube.create(pods, branchPod("pod-a", world.node))
  await annotate(world, "pod-a")
  assert.equal((await world.cni("ADD", "a")).code, 0)
  await world.kube.create(pods, branchPod("pod-b", world.node))
  await annotate(world, "pod-b")
  const { output } = await world.cni("ADD", "b")
  assert.equal(output["code"], 11)
  assert.match(String(output["msg"]), /pod default\/pod-b .* 10\.42\.10\.154 .* default\/pod-a/)
  assert.equal(world.kernel.host.link("vlan.eth.2")?.up, true, "nothing is taken from the former")
  assert.equal((await world.cni("DEL", "a")).code, 0)
  assert.equal((await world.cni("ADD", "b")).code, 0)
})

test("an agent that stops ends the wait for a branch so that the relay calls its successor", async () => {
  const kube = memoryKube()
  await kube.create(pods, branchPod("pod-a", "n1"))
  const stop = new AbortController()
  const deps = { kube, clock: virtualClock(), random: () => 0, log: silentLogger }
  const objects = watchNodeObjects("n1", { ...deps, signal: stop.signal }, { branches: true })
  await objects.pods.synced()
  const branches = new Branches({
    ...{ ...deps, objects, signal: stop.signal },
    ...{ enabled: true, kernel: memoryKernel(), trunk },
  })
  const waiting = branches.of({ namespace: "default", name: "pod-a" })
  stop.abort(new Error("the agent stops"))
  await assert.rejects(waiting, (e) => isError(e, "agent/stopping"))
})

test("a kernel without VLAN links asks for no branch interfaces, and such pods are told why they get none", async () => {
  const { world, agent } = await serving({}, ["vlan"])
  using _ = world
  await using __ = agent
  await world.kube.create(pods, branchPod("pod-a", world.node))
  const { code, output } = await world.cni("ADD", "a")
  assert.deepEqual([code, output["code"]], [1, 11])
  assert.match(
    String(output["msg"]),
    /pod default\/pod-a has no branch interface: this kernel cannot/,
  )
  assert.equal(await features(world), undefined)
})

test("without ENABLE_POD_ENI such pods get an address of the node's interfaces", async () => {
  const world = await agentWorld()
  using _ = world
  await using agent = await world.start()
  await until("spec written", () => world.controller.read())
  await world.controller.grant([primaryInterface(), podInterface(1, 2)])
  await until("interface open", () => agent.notReady() === undefined)
  await world.kube.create(pods, branchPod("pod-a", world.node))
  const { output } = await world.cni("ADD", "a")
  assert.equal((output["ips"] as { address: string }[])[0]?.address, "100.64.1.11/32")
})

test("features are asked for once, the ENIConfig first, and follow the node's binding", () => {
  const trunkFeature = { name: "SecurityGroupsForPods", value: "" }
  const config = (value: string) => ({ name: "CustomNetworking", value })
  const bound = (name: string, source: "Label" | "SubnetPool" = "Label") => ({
    binding: { name, source, key: "" },
  })
  assert.deepEqual(missingFeatures([], true, bound("a")), [config("a"), trunkFeature])
  assert.deepEqual(missingFeatures([config("a"), trunkFeature], true, bound("a")), [])
  assert.deepEqual(missingFeatures([config("a"), trunkFeature], true, bound("b")), [config("b")])
  assert.deepEqual(missingFeatures([], true, bound("p", "SubnetPool")), [trunkFeature])
  assert.deepEqual(missingFeatures([{ name: "SecurityGroupsForPods" }], false, {}), [])
})
