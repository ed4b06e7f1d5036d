import type { Node } from "../../api/core.ts"
import { isRunning, readList, readPods } from "./cluster-view.ts"
import {
  batchSecurityGroup,
  batchSubnet,
  instance,
  podSecurityGroup,
  podSubnets,
  type Zone,
  zones,
} from "./exhausted.ts"
import type { Narrator } from "./narrator.ts"
import type { NodeLauncher } from "./nodes.ts"
import type { Operator } from "./operator.ts"

export interface Stage {
  readonly narrator: Narrator
  readonly operator: Operator
  readonly launcher: NodeLauncher
  readonly replicas: number
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

/** Waits until the incident is there to see: every pod either runs or has been told why it gets no address. */
export async function lookAtIncident({ narrator, operator, replicas }: Stage): Promise<void> {
  narrator.step(
    "The incident",
    "Pods do not start. The node subnets are used up while 100.64.0.0/16 is idle.",
  )
  let settled = 0
  let before = -1
  await operator.until("the Deployment starts what it can", 60, async () => {
    const pods = await readPods(operator.shell, namespace)
    const running = pods.filter(isRunning).length
    const told = await podsToldWhy(operator)
    const waiting = pods.filter((p) => !isRunning(p) && !told.has(p.metadata.name)).length
    // An interface may still be on its way: the picture counts when it stays the same for a while.
    settled = running === before ? settled + 1 : 0
    before = running
    return pods.length === replicas && waiting === 0 && settled >= 6 && running < replicas
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
    "Its name is the zone's name; it says which subnet and security groups pods there get.",
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
    "Berth opens interfaces in the new subnets on the nodes that are there: the outage ends here.",
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

/** Replaces the nodes zone by zone; returns the names of those bound by annotation. */
export async function replaceNodes(stage: Stage): Promise<Set<string>> {
  const { narrator, operator } = stage
  narrator.step(
    "Replace the nodes",
    `Old nodes still advertise the pods of three interfaces; with one kept for the host, ${customNetworkingMaxPods} are right.`,
  )
  const old = await readNodes(operator)
  const batch = new Set<string>()
  for (const zone of [...zones].reverse()) {
    for (const node of old.filter((n) => zoneOf(n) === zone)) await retire(stage, node)
    await launch(stage, zone, `--max-pods=${customNetworkingMaxPods}`, "general-2")
    if (zone === "us-west-2a") {
      const taint = `--register-with-taints=${bindingTaint}=true:NoSchedule`
      const name = await launch(
        stage,
        zone,
        `--max-pods=${customNetworkingMaxPods} ${taint}`,
        "batch-1",
      )
      await operator.type(
        `kubectl annotate node ${name} k8s.amazonaws.com/eniConfig=us-west-2a-batch`,
      )
      await operator.type(`kubectl taint node ${name} ${bindingTaint}-`)
      batch.add(name)
    }
  }
  return batch
}

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
  kubeletArgs: string,
  nodeGroup: string,
): Promise<string> {
  const id = await launcher.launch(instance(zone, kubeletArgs, nodeGroup))
  let name = ""
  await operator.until(`node ${id} in ${zone}`, 60, async () => {
    const node = (await readNodes(operator)).find((n) => instanceOf(n) === id)
    if (!node) return { progress: "the instance boots" }
    name = node.metadata.name
    const ready = node.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True")
    return ready
      ? { done: `${name} is ready for ${node.status?.capacity?.["pods"]} pods` }
      : { progress: `${name} registered` }
  })
  return name
}

/** Pods keep their address for life, so those from before the change are made anew. */
export async function recreatePods({ narrator, operator, replicas }: Stage): Promise<void> {
  narrator.step(
    "Recreate the pods",
    "A pod keeps its address for life; new pods take theirs from the new subnets.",
  )
  await operator.type(`kubectl rollout restart deployment web -n ${namespace}`)
  await operator.type(`kubectl rollout status deployment web -n ${namespace} --timeout=90s`, {
    lines: 1,
  })
  await operator.until("old pods go", 60, async () => {
    const pods = await readPods(operator.shell, namespace)
    const running = pods.filter(isRunning).length
    return running === replicas && pods.length === replicas
      ? { done: `all ${replicas} pods run` }
      : { progress: `${running} of ${pods.length} pods run` }
  })
}

export const readNodes = (operator: Operator): Promise<Node[]> =>
  readList<Node>(operator.shell, "kubectl get nodes -o json")

export const zoneOf = (node: Node): string =>
  node.metadata.labels?.["topology.kubernetes.io/zone"] ?? ""

const instanceOf = (node: Node): string => node.spec?.providerID?.split("/").pop() ?? ""
