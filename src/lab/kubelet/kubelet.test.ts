import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { leases, nodes } from "../../api/resources.ts"
import { labPods } from "../loops/pod.ts"
import { type NodeWorld, nodeWorld } from "./testing/node-world.ts"

const running = (world: NodeWorld, name: string) =>
  world.until(`${name} runs`, async () => {
    const pod = await world.pod(name)
    const ready = pod?.status?.conditions?.find((c) => c.type === "Ready")
    return ready?.status === "True" && pod
  })
const calls = (world: NodeWorld) => readFileSync(world.plugin.callLog, "utf8").trim().split("\n")

test("a node registers, keeps its lease, and is Ready once it has a network configuration", async () => {
  await using world = await nodeWorld()
  const ready = async () => {
    const node = await world.kube.get(nodes, world.name)
    return node?.status?.conditions?.find((c) => c.type === "Ready")
  }
  const before = await world.until("the node registers", ready)
  assert.equal(before.status, "False")
  assert.match(before.message ?? "", /NetworkPluginNotReady.*cni plugin not initialized/)
  world.plugin.install()
  await world.until("the node is ready", async () => (await ready())?.status === "True")
  const node = await world.kube.get(nodes, world.name)
  assert.equal(node?.status?.allocatable?.["pods"], "29")
  assert.equal(node?.spec?.providerID, "aws:///us-west-2a/i-1")
  const lease = await world.kube.get(leases, world.name, "kube-node-lease")
  assert.equal(lease?.spec.holderIdentity, world.name)
})

test("a pod gets its address from the plugin, and DEL before it is gone", async () => {
  await using world = await nodeWorld()
  world.plugin.install()
  await world.addPod("web")
  const pod = await running(world, "web")
  assert.equal(pod.status?.podIP, "10.1.0.1")
  assert.equal(pod.status?.phase, "Running")
  await world.kube.remove(labPods, pod.metadata)
  await world.until("the pod is gone", async () => (await world.pod("web")) === undefined)
  assert.deepEqual(calls(world), ["ADD web", "DEL web"])
})

test("a failing plugin is reported in kubelet's words, cleaned up after and tried again", async () => {
  await using world = await nodeWorld()
  world.plugin.install()
  world.plugin.breakWith("ADD", "subnet full")
  await world.addPod("web")
  const event = await world.until("the event", () =>
    world.events.find((e) => e.startsWith("FailedCreatePodSandBox")),
  )
  assert.match(
    event,
    /^FailedCreatePodSandBox Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "[0-9a-f]{64}": plugin type="fake" failed \(add\): subnet full$/,
  )
  const waiting = await world.pod("web")
  assert.equal(waiting?.status?.phase, "Pending")
  world.plugin.breakWith("ADD", undefined)
  await running(world, "web")
  assert.deepEqual(calls(world).slice(0, 2), ["ADD web", "DEL web"])
})

test("a pod whose DEL fails stays until it succeeds", async () => {
  await using world = await nodeWorld()
  world.plugin.install()
  await world.addPod("web")
  const pod = await running(world, "web")
  world.plugin.breakWith("DEL", "agent not there")
  await world.kube.remove(labPods, pod.metadata)
  await world.until("the event", () => world.events.find((e) => e.startsWith("FailedKillPod")))
  assert.ok(await world.pod("web"))
  world.plugin.breakWith("DEL", undefined)
  await world.until("the pod is gone", async () => (await world.pod("web")) === undefined)
})

test("pods run on while the kubelet restarts, and those deleted meanwhile are cleaned up", async () => {
  await using world = await nodeWorld()
  world.plugin.install()
  await world.addPod("stays")
  const goes = await world.addPod("goes")
  const before = await running(world, "stays")
  await running(world, "goes")
  await world.kubelet.stop()
  await world.kube.remove(labPods, goes.metadata, { gracePeriodSeconds: 0 })
  await world.restart()
  await world.until("DEL of the deleted pod", () => calls(world).includes("DEL goes"))
  const after = await running(world, "stays")
  assert.equal(after.status?.podIP, before.status?.podIP)
  assert.equal(calls(world).filter((c) => c === "ADD stays").length, 1)
})

test("a pod held by a finalizer is ended once and then left alone", async () => {
  await using world = await nodeWorld()
  world.plugin.install()
  const finalizers = ["x.dev/hold"]
  await world.addPod("held", {}, { finalizers })
  const pod = await running(world, "held")
  await world.kube.remove(labPods, pod.metadata)
  await world.until("DEL", () => calls(world).includes("DEL held"))
  await world.until("the worker has ended", () => world.kubelet.runtimes.size === 0)
  const after = await world.pod("held")
  const label = { metadata: { labels: { touched: "yes" } } }
  await world.kube.patch(labPods, pod.metadata, { type: "merge", body: label })
  await world.addPod("next")
  await running(world, "next")
  const still = await world.pod("held")
  assert.deepEqual(still?.status, after?.status)
  assert.equal(calls(world).filter((c) => c.endsWith(" held")).length, 2)
  const body = { metadata: { finalizers: null } }
  await world.kube.patch(labPods, pod.metadata, { type: "merge", body })
  await world.until("the pod is gone", async () => (await world.pod("held")) === undefined)
})

test("a pod beyond max-pods is rejected, and goes when it is deleted", async () => {
  await using world = await nodeWorld()
  for (let i = 0; i < 29; i++) await world.addPod(`web-${i}`)
  await world.until("29 pods are seen", () => world.kubelet.runtimes.size === 29)
  await world.addPod("late")
  const late = await world.until("the rejection", async () => {
    const pod = await world.pod("late")
    return pod?.status?.phase === "Failed" && pod
  })
  assert.equal(late.status?.reason, "OutOfpods")
  await world.kube.remove(labPods, late.metadata)
  await world.until("the pod is gone", async () => (await world.pod("late")) === undefined)
})

test("a node that is deleted behind its back registers again, and replaces one of an earlier instance", async () => {
  await using world = await nodeWorld()
  const registered = () => world.kube.get(nodes, world.name)
  const first = await world.until("the node registers", registered)
  await world.kube.remove(nodes, first.metadata)
  const again = await world.until("it registers again", registered)
  assert.notEqual(again.metadata.uid, first.metadata.uid)
  await world.kubelet.stop()
  await world.kube.remove(nodes, again.metadata)
  const spec = { providerID: "aws:///us-west-2a/i-0" }
  await world.kube.create(nodes, { ...again, metadata: { name: world.name }, spec })
  await world.restart()
  await world.until("its own node", async () => {
    const node = await registered()
    return node?.spec?.providerID === "aws:///us-west-2a/i-1"
  })
})

test("extended resources that others advertise become allocatable", async () => {
  await using world = await nodeWorld()
  await world.until("the node registers", () => world.kube.get(nodes, world.name))
  const body = { status: { capacity: { "vpc.amazonaws.com/pod-eni": "9" } } }
  await world.kube.patch(
    nodes,
    { name: world.name },
    { type: "merge", subresource: "status", body },
  )
  await world.until("allocatable", async () => {
    const node = await world.kube.get(nodes, world.name)
    return node?.status?.allocatable?.["vpc.amazonaws.com/pod-eni"] === "9"
  })
})

test("a pod that is deleted while it has no network goes at once", async () => {
  await using world = await nodeWorld()
  await world.addPod("web")
  await world.until("the event", () => world.events.find((e) => e.startsWith("NetworkNotReady")))
  await world.kube.remove(labPods, { name: "web", namespace: "default" })
  await world.until("the pod is gone", async () => (await world.pod("web")) === undefined)
})
