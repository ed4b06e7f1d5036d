import type { Node } from "../../api/core.ts"
import { nodeSubnets, type Zone, zones } from "../scenarios/harbour.ts"
import { isRunning, readList, readPods } from "./cluster-view.ts"
import {
  batchSecurityGroup,
  batchSubnet,
  instance,
  podSecurityGroup,
  podSubnets,
} from "./exhausted.ts"
import type { Narrator } from "./narrator.ts"
import type { NodeLauncher } from "./nodes.ts"
import type { Operator } from "./operator.ts"

export interface Stage {
  readonly narrator: Narrator
  readonly operator: Operator
  readonly launcher: NodeLauncher
  readonly replicas: number
  /** Addresses that these subnets have left together. */
  readonly freeIn: (subnetIds: readonly string[]) => Promise<number>
}

export const namespace = "shop"
const daemonSet = "daemonset aws-node"
const bindingTaint = "lab.berth.dev/unbound"

/** m5.large with custom networking: (3 - 1) ENIs x (10 - 1) addresses + 2 host-network pods. */
const customNetworkingMaxPods = 20

export function eniConfig(name: string, subnet: string, securityGroup: string): string {
  return `apiVersion: crd.k8s.amazonaws.com/v1alpha1
kind: ENIConfig
metadata:
  name: ${name}
spec:
  securityGroups:
    - ${securityGroup}
  subnet: ${subnet}
`
}

/** Waits until the incident is there to see: no address is left, and every pod either runs or was told so. */
export async function lookAtIncident(stage: Stage): Promise<void> {
  const { narrator, operator, replicas } = stage
  narrator.step(
    "The incident",
    "Pods do not start. The node subnets are used up while 100.64.0.0/16 is idle.",
  )
  await operator.until("the Deployment starts what it can", 60, async () => {
    const [pods, told, free] = await Promise.all([
      readPods(operator.shell, namespace),
      podsToldWhy(operator),
      stage.freeIn(Object.values(nodeSubnets)),
    ])
    const running = pods.filter(isRunning).length
    const waiting = pods.filter((p) => !isRunning(p) && !told.has(p.metadata.name)).length
    return pods.length === replicas && waiting === 0 && running < replicas && free === 0
      ? { done: `${running} pods run, ${pods.length - running} get no address` }
      : { progress: `${running} of ${replicas} pods run` }
  })
  const stuck = (await readPods(operator.shell, namespace)).find((p) => !isRunning(p))
  if (stuck === undefined) return
  await operator.type(
    `kubectl get events -n ${namespace} --field-selector involvedObject.name=${stuck.metadata.name},reason=${noAddress}`,
    { lines: 2 },
  )
}

/** Reason of the event that the agent records on a pod that gets no address. */
const noAddress = "FailedAddressAssignment"

async function podsToldWhy(operator: Operator): Promise<Set<string>> {
  const events = await readList<{ involvedObject?: { name?: string } }>(
    operator.shell,
    `kubectl get events -n ${namespace} --field-selector reason=${noAddress} -o json`,
  )
  return new Set(events.flatMap((e) => e.involvedObject?.name ?? []))
}

export async function checkVersion({ narrator, operator }: Stage): Promise<void> {
  narrator.step("Check the version of the plugin", "")
  await operator.type(
    'kubectl describe daemonset aws-node --namespace kube-system | grep Image | cut -d "/" -f 2',
  )
}

export async function turnOnCustomNetworking({ narrator, operator }: Stage): Promise<void> {
  narrator.step(
    "Turn custom networking on",
    "From now on no pod gets an address of a node's primary interface.",
  )
  await operator.type(
    `kubectl set env ${daemonSet} -n kube-system AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true`,
  )
}

export async function describeSubnets({ narrator, operator }: Stage): Promise<void> {
  narrator.step(
    "One ENIConfig for each zone",
    "Named after its zone; it says which subnet and security groups its pods get.",
  )
  for (const zone of zones) {
    await operator.type("kubectl apply -f -", {
      input: eniConfig(zone, podSubnets[zone], podSecurityGroup),
    })
  }
  await operator.type(
    `kubectl set env ${daemonSet} -n kube-system ENI_CONFIG_LABEL_DEF=topology.kubernetes.io/zone`,
  )
  await operator.type(`kubectl rollout status ${daemonSet} -n kube-system --timeout=60s`, {
    lines: 1,
  })
}

/** No node was replaced yet: the stuck pods start on new ENIs of the old nodes. */
export async function watchConvergence({ narrator, operator, replicas }: Stage): Promise<void> {
  narrator.step(
    "The stuck pods start",
    "Nodes that are there get interfaces in the new subnets: the outage ends here.",
  )
  await operator.until("pods start", 60, async () => {
    const running = (await readPods(operator.shell, namespace)).filter(isRunning).length
    return running === replicas
      ? { done: `all ${replicas} pods run` }
      : { progress: `${running} of ${replicas} pods run` }
  })
  await operator.type("kubectl get eniconfigs")
}

/** Two ENIConfigs in one zone: the second is chosen by an annotation, which wins over the label. */
export async function describeBatchSubnet({ narrator, operator }: Stage): Promise<void> {
  narrator.step(
    "A second subnet in one zone",
    "The zone label can name only one ENIConfig; a node's annotation wins over it.",
  )
  await operator.type("kubectl apply -f -", {
    input: eniConfig("us-west-2a-batch", batchSubnet, batchSecurityGroup),
  })
}

/**
 * Replaces the nodes zone by zone; draining a node recreates its pods elsewhere. Returns the names of the nodes bound
 * by annotation. New nodes register with a taint that keeps pods away until their binding is settled: an annotation
 * cannot be there at birth, and a pod keeps the address it got first.
 */
export async function replaceNodes(stage: Stage): Promise<Set<string>> {
  const { narrator, operator } = stage
  narrator.step(
    "Replace the nodes, and with them the pods",
    `Old nodes advertise room for 29 pods; with custom networking ${customNetworkingMaxPods} are right.`,
  )
  const old = await readNodes(operator)
  for (const node of old.filter((n) => zoneOf(n) === "us-west-2b")) await retire(stage, node)
  await launch(stage, "us-west-2b", "general-2")
  for (const node of old.filter((n) => zoneOf(n) === "us-west-2a")) await retire(stage, node)
  const [general, batch] = await Promise.all([
    launch(stage, "us-west-2a", "general-2", unbound),
    launch(stage, "us-west-2a", "batch-1", unbound),
  ])
  await operator.type(`kubectl annotate node ${batch} k8s.amazonaws.com/eniConfig=us-west-2a-batch`)
  await operator.type(`kubectl taint node ${general} ${batch} ${bindingTaint}-`)
  await operator.until("the pods start in their new subnets", 60, async () => {
    const pods = await readPods(operator.shell, namespace)
    const running = pods.filter(isRunning).length
    return running === stage.replicas && pods.length === stage.replicas
      ? { done: `all ${stage.replicas} pods run` }
      : { progress: `${running} of ${pods.length} pods run` }
  })
  return new Set([batch])
}

const unbound = ` --register-with-taints=${bindingTaint}=true:NoSchedule`

async function retire({ operator, launcher }: Stage, node: Node): Promise<void> {
  const name = node.metadata.name
  await operator.type(`kubectl cordon ${name}`)
  await operator.type(
    `kubectl drain ${name} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s`,
    { lines: 3 },
  )
  await launcher.terminate(instanceOf(node))
  await operator.until(`${name} goes`, 60, async () =>
    (await readNodes(operator)).some((n) => n.metadata.name === name)
      ? { progress: "its instance shuts down" }
      : { done: `${name} is gone` },
  )
}

async function launch(
  { operator, launcher }: Stage,
  zone: Zone,
  nodeGroup: string,
  moreArgs = "",
): Promise<string> {
  const kubeletArgs = `--max-pods=${customNetworkingMaxPods}${moreArgs}`
  const id = await launcher.launch(instance(zone, kubeletArgs, nodeGroup))
  let name = ""
  await operator.until(`node ${id} in ${zone}`, 60, async () => {
    const node = (await readNodes(operator)).find((n) => instanceOf(n) === id)
    if (!node) return { progress: "the instance boots" }
    name = node.metadata.name
    const ready = node.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True")
    return ready
      ? { done: `${name} is ready for ${node.status?.capacity?.["pods"]} pods` }
      : { progress: "registered, not ready yet" }
  })
  return name
}

export const readNodes = (operator: Operator): Promise<Node[]> =>
  readList<Node>(operator.shell, "kubectl get nodes -o json")

export const zoneOf = (node: Node): string =>
  node.metadata.labels?.["topology.kubernetes.io/zone"] ?? ""

const instanceOf = (node: Node): string => node.spec?.providerID?.split("/").pop() ?? ""
