import assert from "node:assert/strict"
import { test } from "node:test"
import { pods } from "../api/resources.ts"
import { KubeError } from "../kube/kube.ts"
import { agentWorld, until } from "./testing/agent-world.ts"
import { podInterface, primaryInterface, testPod } from "./testing/fake-controller.ts"

async function annotating() {
  const world = await agentWorld({ ANNOTATE_POD_IP: "true", IP_COOLDOWN_PERIOD: "0" })
  const agent = await world.start()
  await until("spec written", () => world.controller.read())
  await world.controller.grant([primaryInterface(), podInterface(1, 3)])
  await until("interface open", () => agent.notReady() === undefined)
  const annotation = async (name: string) =>
    (await world.kube.get(pods, name, "default"))?.metadata.annotations?.[
      "vpc.amazonaws.com/pod-ips"
    ]
  return { world, agent, annotation }
}

test("ANNOTATE_POD_IP: ADD writes the pod's address on it, and DEL the empty string", async () => {
  const { world, agent, annotation } = await annotating()
  using _ = world
  await using __ = agent
  await world.kube.create(pods, testPod("pod-a", world.node))
  assert.equal((await world.cni("ADD", "a")).code, 0)
  assert.equal(await annotation("pod-a"), "100.64.1.11")
  assert.equal((await world.cni("DEL", "a")).code, 0)
  assert.equal(await annotation("pod-a"), "")
})

test("ANNOTATE_POD_IP: DEL of an old sandbox leaves the address of the new one, and a pod that is gone is no error", async () => {
  const { world, agent, annotation } = await annotating()
  using _ = world
  await using __ = agent
  await world.kube.create(pods, testPod("web", world.node))
  const args = { CNI_ARGS: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web" }
  for (const sandbox of ["old", "new"])
    assert.equal((await world.cni("ADD", sandbox, args)).code, 0)
  assert.equal((await world.cni("DEL", "old", args)).code, 0)
  assert.equal(await annotation("web"), "100.64.1.12")
  await world.kube.remove(pods, { name: "web", namespace: "default" }, { gracePeriodSeconds: 0 })
  assert.equal((await world.cni("DEL", "new", args)).code, 0)
})

test("ANNOTATE_POD_IP: a pod that cannot be annotated gets no address, and is told why", async () => {
  const { world, agent } = await annotating()
  using _ = world
  await using __ = agent
  const { code, output } = await world.cni("ADD", "nobody")
  assert.deepEqual([code, output["code"]], [1, 11])
  assert.match(
    String(output["msg"]),
    /pod default\/pod-nobody cannot be annotated with its address/,
  )
  assert.deepEqual(agent.book.attachments(), [])
})

test("ANNOTATE_POD_IP: a pod goes while the API is away", async () => {
  const { world, agent } = await annotating()
  using _ = world
  await using __ = agent
  await world.kube.create(pods, testPod("pod-a", world.node))
  assert.equal((await world.cni("ADD", "a")).code, 0)
  world.kube.setFault(() => {
    throw new KubeError(503, "ServiceUnavailable", "the API is away")
  })
  assert.equal((await world.cni("DEL", "a")).code, 0)
  assert.deepEqual(agent.book.attachments(), [])
  world.kube.setFault(undefined)
})
