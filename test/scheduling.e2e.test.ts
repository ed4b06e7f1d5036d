// Goal: the scheduler, kube-scheduler where there is one, keeps pods that choose their placement off nodes that have no
// interface left for it.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { until } from "../src/testing/until.ts"
import { type PlacementLab, placementLab } from "./placement/lab.ts"

let lab: PlacementLab
before(async () => {
  const controlPlane = process.env["KUBEBUILDER_ASSETS"]
  lab = await placementLab(`sched-${process.pid}`, controlPlane ? { controlPlane } : {})
})
after(() => lab?.stop())

const namespaces = ["blue", "red", "growing"] as const
/** Its name, and how many pods of each pool it has room for. */
type NodeRoom = { readonly name: string; readonly room: Record<string, string> }

async function nodeRooms(): Promise<NodeRoom[]> {
  const list = await lab.run("kubectl get nodes -l eks.amazonaws.com/nodegroup=web -o json")
  const { items } = JSON.parse(list) as {
    items: { metadata: { name: string }; status: { allocatable: Record<string, string> } }[]
  }
  return items.map(({ metadata, status }) => ({
    name: metadata.name,
    room: Object.fromEntries(
      namespaces.map((pool) => [pool, status.allocatable[`pods.berth.dev/${pool}`] ?? "-"]),
    ),
  }))
}

const rooms = (which: string, test: (nodes: NodeRoom[]) => NodeRoom | undefined) =>
  until(which, async () => {
    const nodes = await nodeRooms()
    return test(nodes) ?? JSON.stringify(nodes)
  })

test("pods go where an interface is left for them, and wait for one in words", async () => {
  for (const namespace of namespaces)
    await lab.run(`kubectl label namespace ${namespace} berth.dev/schedule-by-placement=enabled`)
  const empty = (nodes: NodeRoom[]) =>
    nodes.find(({ room }) => room["blue"] === "18" && room["red"] === "18")
  const node = await rooms("a node offers all its room", empty)
  const here = `kubernetes.io/hostname=${node.name}`
  // Two interfaces for pods: one placement each, and the node is full for every other.
  for (const namespace of ["blue", "red"]) {
    await lab.deploy({ namespace, name: "first", replicas: 1, group: "web" })
    await lab.pin(namespace, "first", here)
    await until("the first pod runs on the node", async () => {
      const [pod, ...others] = await lab.running(namespace, 1)
      return pod?.spec.nodeName === node.name && others.length === 0 ? { pod } : "not there yet"
    })
  }
  await rooms("the node offers no room to the third", (nodes) =>
    nodes.find(({ name, room }) => name === node.name && room["growing"] === "0"),
  )

  await lab.deploy({ namespace: "growing", name: "app", replicas: 4, group: "web" })
  const pods = await lab.running("growing", 4)
  assert.ok(pods.every((pod) => pod.spec.nodeName !== node.name))
  const [limits] = pods[0]?.spec.containers.map((c) => c.resources?.limits) ?? []
  assert.deepEqual(limits, { "pods.berth.dev/growing": "1" })

  await lab.pin("growing", "app", here)
  await until("the scheduler says what is missing", async () => {
    const events = await lab.run(
      "kubectl get events -n growing --field-selector reason=FailedScheduling",
    )
    return /Insufficient pods\.berth\.dev\/growing/.test(events) ? { events } : events
  })
})
