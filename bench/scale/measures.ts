import { setTimeout as sleep } from "node:timers/promises"
import { eniConfigs, nodeNetworks, nodes } from "../../src/api/resources.ts"
import { parseAddress, parseCidr } from "../../src/vpc/cidr.ts"
import { countCalls } from "./calls.ts"
import { until } from "./node-under-test.ts"
import { podGroups, subnets } from "./scenario.ts"
import type { Stage } from "./stage.ts"

/** Pods that start together. */
const many = 110
const churned = 100
/** The last address given up has cooled down so long after IP_COOLDOWN_PERIOD. */
const marginMs = 1_000

/** A node's worth of pods at once. */
export async function scaleUp({ pods, node, cloud, progress }: Stage) {
  progress(`${many} pods at once`)
  const calls = countCalls(cloud)
  const start = Date.now()
  const names = await pods.create("burst", many)
  const createdMs = Date.now() - start
  const shownMs = (await pods.addressed(names, 90_000)) - start
  const assignedMs = Math.max(...(await node.assignments())) - start
  const byAction = await calls.settled()
  const failedAdds = await node.failedAdds()
  const failedSandboxes = pods.failedSandboxes()
  const metadataCalls = await node.metadataCalls()
  const figures = { createdMs, assignedMs, shownMs, failedAdds, failedSandboxes, metadataCalls }
  return { names, ...figures, calls: calls.total(), byAction, agentMiB: node.residentMiB() }
}

/** Pods deleted, and created again when their addresses have cooled down. */
export async function churn(
  { pods, cloud, progress }: Stage,
  names: readonly string[],
  cooldownMs: number,
) {
  progress(`${churned} pods deleted and created again`)
  const calls = countCalls(cloud)
  const begin = Date.now()
  await pods.remove(names.slice(0, churned))
  await sleep(cooldownMs + marginMs)
  const start = Date.now()
  const again = await pods.create("again", churned)
  const addressedAt = await pods.addressed(again, 60_000)
  await calls.settled()
  await pods.remove(again)
  return {
    calls: calls.total(),
    byAction: calls.byAction(),
    addressedMs: addressedAt - start,
    tookMs: addressedAt - begin,
  }
}

/** The agent is killed while all pods run on, and a pod starts at once. Once: the kubelet delays a second restart. */
export async function crash({ node, progress }: Stage) {
  progress("the agent killed")
  return { firstAddMs: await node.crash() }
}

/** Edited security groups of an ENIConfig: until every live ENI carries them. */
export async function editGroups({ kube, cloud, progress }: Stage) {
  progress("security groups edited")
  const carrying = (group: string) =>
    [...cloud.core.tables.networkInterface.all()].filter((i) => i.securityGroups.includes(group))
      .length
  const interfaces = carrying(podGroups.before)
  const calls = countCalls(cloud)
  const start = Date.now()
  await bind(kube, "us-west-2a", { securityGroups: [podGroups.after] })
  await until(
    "the groups reach the ENIs",
    30_000,
    () => carrying(podGroups.before) === 0 || undefined,
  )
  const ms = Date.now() - start
  await calls.settled()
  return { ms, interfaces, calls: calls.total(), byAction: calls.byAction() }
}

/** The node is bound to another ENIConfig: until a pod has an address of its subnet. */
export async function rebind(stage: Stage) {
  stage.progress("another binding")
  const start = Date.now()
  await annotate(stage, "other")
  await bound(stage, "other")
  return { ms: (await podIn(stage, "rebound", subnets.other.cidr)) - start }
}

/** The node is bound to a subnet that is full: until pod, node and ENIConfig say so; then the ENIConfig is corrected. */
export async function exhaust(stage: Stage) {
  const { pods, node, kube, progress } = stage
  progress("a full subnet")
  const start = Date.now()
  await annotate(stage, "full")
  await bound(stage, "full")
  const names = await pods.create("stuck", 5)
  const told = async (object: string, reason: string) =>
    (await until(`event ${reason} on ${object}`, 30_000, () => pods.toldAt(object, reason))) - start
  const stuck = names.map((name) => told(`Pod/${name}`, "FailedAddressAssignment"))
  const onPodMs = Math.max(...(await Promise.all(stuck)))
  const onNodeMs = await told(`Node/${node.name}`, "SubnetsFull")
  const onConfigMs = await told("ENIConfig/full", "SubnetsFull")
  const conditionMs = await exhaustedCondition(stage).then((at) => at - start)
  progress("the ENIConfig names a fresh subnet")
  const editedAt = Date.now()
  await bind(kube, "full", { subnet: subnets.fresh.id })
  const servedMs = (await pods.addressed(names, 60_000)) - editedAt
  return { onPodMs, onNodeMs, onConfigMs, conditionMs, servedMs }
}

async function exhaustedCondition({ kube }: Stage): Promise<number> {
  await until("condition SubnetExhausted on ENIConfig full", 30_000, async () =>
    (await kube.get(eniConfigs, "full"))?.status?.conditions.some(
      (c) => c.type === "SubnetExhausted" && c.status === "True",
    ),
  )
  return Date.now()
}

function bind(kube: Stage["kube"], name: string, spec: object) {
  return kube.patch(eniConfigs, { name }, { type: "merge", body: { spec } })
}

function annotate({ kube, node }: Stage, name: string) {
  const metadata = { annotations: { "k8s.amazonaws.com/eniConfig": name } }
  return kube.patch(nodes, { name: node.name }, { type: "merge", body: { metadata } })
}

/** A pod that starts before the controller has read the annotation rightly goes where the node was bound before. */
async function bound({ kube, node }: Stage, name: string): Promise<void> {
  await until(`binding to ${name}`, 30_000, async () => {
    const network = await kube.get(nodeNetworks, node.name)
    return network?.status?.binding?.name === name
  })
}

async function podIn({ pods }: Stage, name: string, cidr: string): Promise<number> {
  const names = await pods.create(name, 1)
  const at = await pods.addressed(names, 60_000)
  const address = parseAddress(pods.addressOf(names[0] ?? "")) ?? 0
  const block = parseCidr(cidr)
  if (!block || address < block.base || address >= block.base + 2 ** (32 - block.length))
    throw new Error(`${pods.addressOf(names[0] ?? "")} is not in ${cidr}`)
  return at
}
