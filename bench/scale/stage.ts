import { daemonSets, nodeNetworks, nodes } from "../../src/api/resources.ts"
import type { Cloud } from "../../src/ec2/memory/cloud.ts"
import type { Kube } from "../../src/kube/kube.ts"
import { launchInstance } from "../../src/lab/world/build-cloud.ts"
import { countCalls } from "./calls.ts"
import { NodeUnderTest, until } from "./node-under-test.ts"
import { Pods } from "./pods.ts"
import { bigNode, scenario } from "./scenario.ts"

export interface Lab {
  readonly kube: Kube
  readonly cloud: Cloud
  readonly folder: string
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

export interface Stage extends Lab {
  readonly node: NodeUnderTest
  readonly pods: Pods
}

/** Turns custom networking on, lets the controller come to rest, and brings in the node that is measured. */
export async function setStage(lab: Lab, environment: Readonly<Record<string, string>>) {
  await configure(lab.kube, environment)
  await countCalls(lab.cloud).settled()
  lab.progress("a cold node")
  const calls = countCalls(lab.cloud)
  const start = Date.now()
  const before = new Set([...lab.cloud.core.tables.instance.all()].map((i) => i.id))
  launchInstance(lab.cloud.core, scenario, bigNode)
  const launched = [...lab.cloud.core.tables.instance.all()].find((i) => !before.has(i.id))
  if (!launched) throw new Error("the instance was not launched")
  const node = await NodeUnderTest.of(lab.folder, launched.id, lab)
  const registeredAt = Date.now()
  await until("the node is ready for pods", 30_000, () => isServing(lab.kube, node.name))
  const servingAt = Date.now()
  const pods = await new Pods(lab.kube, node.name, lab.signal).synced()
  const byAction = await calls.settled()
  const cold = {
    calls: calls.total(),
    byAction,
    metadataCalls: await node.metadataCalls(),
    registeredMs: registeredAt - start,
    servingMs: servingAt - start,
    agentMiB: node.residentMiB(),
  }
  return { stage: { ...lab, node, pods } satisfies Stage, cold }
}

async function configure(kube: Kube, variables: Readonly<Record<string, string>>) {
  const env = Object.entries(variables).map(([name, value]) => ({ name, value }))
  const target = { namespace: "kube-system", name: "aws-node" }
  const containers = [{ name: "aws-node", env }]
  const body = { spec: { template: { spec: { containers } } } }
  await kube.patch(daemonSets, target, { type: "strategic", body })
  await until("the agents restart", 60_000, async () => {
    const { items } = await kube.list(nodeNetworks)
    return items.length > 0 && items.every((n) => n.spec.mode.customNetworking)
  })
}

/** Ready, and with an address for a pod. */
async function isServing(kube: Kube, name: string): Promise<boolean> {
  const [node, network] = await Promise.all([kube.get(nodes, name), kube.get(nodeNetworks, name)])
  const ready = node?.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True")
  const serving = network?.status?.interfaces.some((i) => !i.primary && i.state === "Ready")
  return (ready && serving) ?? false
}
