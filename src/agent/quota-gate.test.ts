import assert from "node:assert/strict"
import { test } from "node:test"
import type { QuotaStatus } from "../api/nodenetwork.ts"
import { events, pods, subnetPools } from "../api/resources.ts"
import { agentWorld, until } from "./testing/agent-world.ts"
import { podInterface, primaryInterface, testPod } from "./testing/fake-controller.ts"

const red = "pool:red"
const interfaces = [primaryInterface(), { ...podInterface(1, 4), placement: red }]
const nothing: QuotaStatus = { term: "t1", granted: [], withdrawn: [], denied: [] }

/** An agent whose pods are all of the pool `red`, which has a quota and, on this node, four free addresses. */
async function scene() {
  const world = await agentWorld()
  const agent = await world.start()
  await world.kube.create(subnetPools, {
    ...{ apiVersion: "berth.dev/v1alpha1", kind: "SubnetPool", metadata: { name: "red" } },
    spec: { podSelector: {}, subnets: [{ id: "subnet-pods-1" }], quotaPerNamespace: 1 },
  })
  const uidOf = async (name: string) =>
    (await world.kube.create(pods, testPod(name, world.node))).metadata.uid ?? ""
  const [a, b] = [await uidOf("pod-a"), await uidOf("pod-b")]
  /** Waits until spec names these pods, and answers it with what is granted. */
  const answer = async (claimed: string[], quota: Partial<QuotaStatus>) => {
    await until(`spec names ${claimed}`, async () => {
      const spec = (await world.controller.read())?.spec
      const claims = spec?.demand.find((d) => d.placement === red)?.claims ?? []
      const named = claims.map((c) => `${c.pod}${c.held ? " held" : ""}`).sort()
      return named.join() === claimed.toSorted().join()
    })
    await world.controller.grant(interfaces, { quota: { ...nothing, ...quota } })
  }
  return { world, agent, answer, a, b }
}

test("of a pool with a quota only pods that are granted get an address; the others say why", async () => {
  const { world, agent, answer, a, b } = await scene()
  using _ = world
  await using __ = agent
  const denial = {
    ...{ pool: "red", namespace: "default", pods: [b], code: "ipam/quota-reached" },
    ...{ message: "namespace default has 1 address", hint: "Raise it." },
  }
  await answer([a, b], { granted: [a], denied: [denial] })
  assert.equal((await world.cni("ADD", "a")).code, 0)
  const waiting = world.cni("ADD", "b")
  await until("in line", () => agent.book.waiting().length === 1)
  const told = await until("told", async () =>
    (await world.kube.list(events)).items.find((e) => e.regarding.name === "pod-b"),
  )
  assert.equal(told.note, "no address: namespace default has 1 address. Raise it.")
  await world.cni("DEL", "a")
  await world.kube.remove(pods, { name: "pod-a", namespace: "default" })
  await answer([b], { granted: [b] })
  assert.equal((await waiting).code, 0)
})

test("a grant from before the pod's present wait is not heeded", async () => {
  const { world, agent, answer, a, b } = await scene()
  using _ = world
  await using __ = agent
  await answer([a, b], { granted: [a] })
  assert.equal((await world.cni("ADD", "a")).code, 0)
  await until("held", async () => {
    const spec = (await world.controller.read())?.spec
    return spec?.demand.some((d) => d.claims?.some((c) => c.held && c.pod === a))
  })
  await world.cni("DEL", "a")
  const again = world.cni("ADD", "a", { CNI_CONTAINERID: "a2" })
  await until("in line", () => agent.book.waiting().length === 1)
  await answer([a, b], { granted: [a] })
  assert.equal((await again).code, 0)
})
