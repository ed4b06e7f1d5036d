import { KubeError } from "../../kube/kube.ts"
import type { Cluster } from "./cluster.ts"
import { isFinished, type LabPod, podKey } from "./pod.ts"
import { chooseNode } from "./scheduler/choose-node.ts"
import { type NodeState, nodeStates } from "./scheduler/node-state.ts"
import { findPreemption, priorityOf } from "./scheduler/preempt.ts"
import { stamp } from "./stamp.ts"

/** Pods tried in one pass; the rest follow in the next, so that a large backlog does not stall the process. */
const passLimit = 200
/** Between passes: changes come in bursts, and one pass answers them all. */
const settleMs = 5

/** Binds pods to nodes, highest priority first, one pass at a time. */
export function schedulerLoop(cluster: Cluster): void {
  const { pods, nodes, clock, signal, log } = cluster
  /** Nodes chosen for pods whose binding the watch has not shown yet. */
  const assumed = new Map<string, string>()
  let wake = Promise.withResolvers<void>()
  const trigger = () => wake.resolve()
  pods.onChange((pod) => {
    const key = podKey(pod)
    if (pod.spec.nodeName || !pods.get(key)) assumed.delete(key)
    if (!pod.spec.nodeName || isFinished(pod) || !pods.get(key)) trigger()
  })
  nodes.onChange(trigger)
  signal.addEventListener("abort", trigger)
  void (async () => {
    while (!signal.aborted) {
      await wake.promise
      await clock.sleep(settleMs, signal).catch(() => {})
      if (signal.aborted) return
      wake = Promise.withResolvers()
      try {
        if (await pass(cluster, assumed)) trigger()
      } catch (error) {
        log.warn("scheduling failed", { error: (error as Error).message })
        await clock.sleep(1000, signal).catch(() => {})
        trigger()
      }
    }
  })()
}

/** True when something is left to do at once. */
async function pass(cluster: Cluster, assumed: Map<string, string>): Promise<boolean> {
  const all = cluster.pods.list().map((pod) => {
    const nodeName = pod.spec.nodeName ?? assumed.get(podKey(pod))
    return nodeName ? { ...pod, spec: { ...pod.spec, nodeName } } : pod
  })
  const waiting = all
    .filter((p) => !p.spec.nodeName && !isFinished(p) && !p.metadata.deletionTimestamp)
    .filter((p) => (p.spec.schedulerName ?? "default-scheduler") === "default-scheduler")
    .filter((p) => !p.spec.schedulingGates?.length)
    .sort(
      (a, b) =>
        priorityOf(b) - priorityOf(a) ||
        (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? ""),
    )
  const states = nodeStates(cluster.nodes.list(), all)
  const bindings: Promise<boolean>[] = []
  for (const pod of waiting.slice(0, passLimit)) {
    const choice = chooseNode(pod, states)
    if ("node" in choice) {
      assumed.set(podKey(pod), choice.node)
      occupy(states, pod, choice.node)
      bindings.push(bind(cluster, pod, choice.node, assumed))
    } else await refuse(cluster, pod, choice.message, states)
  }
  const failed = (await Promise.all(bindings)).includes(false)
  return failed || waiting.length > passLimit
}

function occupy(states: NodeState[], pod: LabPod, node: string): void {
  const at = states.findIndex((s) => s.node.metadata.name === node)
  const { node: object, pods } = states[at]!
  const bound = { ...pod, spec: { ...pod.spec, nodeName: node } }
  states[at] = nodeStates([object], [...pods, bound])[0]!
}

async function bind(
  cluster: Cluster,
  pod: LabPod,
  node: string,
  assumed: Map<string, string>,
): Promise<boolean> {
  const { name, namespace = "default" } = pod.metadata
  try {
    await cluster.kube.createSubresource(cluster.pods.resource, { name, namespace }, "binding", {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace },
      target: { apiVersion: "v1", kind: "Node", name: node },
    })
  } catch (error) {
    assumed.delete(podKey(pod))
    // Gone, or bound by someone else: the watch tells.
    if (error instanceof KubeError && (error.status === 404 || error.status === 409)) return true
    cluster.log.warn("binding failed", { pod: podKey(pod), error: (error as Error).message })
    return false
  }
  cluster.record(
    pod,
    "Normal",
    "Scheduled",
    `Successfully assigned ${namespace}/${name} to ${node}`,
  )
  return true
}

async function refuse(
  cluster: Cluster,
  pod: LabPod,
  message: string,
  states: readonly NodeState[],
): Promise<void> {
  const before = pod.status?.conditions?.find((c) => c.type === "PodScheduled")
  if (before?.status !== "False" || before.message !== message) {
    cluster.record(pod, "Warning", "FailedScheduling", message)
    const lastTransitionTime =
      before?.status === "False" ? before.lastTransitionTime : stamp(cluster.clock.now())
    const condition = {
      type: "PodScheduled",
      status: "False" as const,
      reason: "Unschedulable",
      message,
      lastTransitionTime: lastTransitionTime ?? null,
    }
    const others = (pod.status?.conditions ?? []).filter((c) => c.type !== "PodScheduled")
    await cluster.pods
      .patch(pod, {
        type: "merge",
        subresource: "status",
        body: { status: { conditions: [...others, condition] } },
      })
      .catch(ignoreAbsent)
  }
  const preemption = findPreemption(pod, states)
  if (!preemption) return
  for (const victim of preemption.victims) {
    cluster.record(
      victim,
      "Normal",
      "Preempted",
      `Preempted by pod ${pod.metadata.uid} on node ${preemption.node}`,
    )
    await cluster.pods.remove(victim)
  }
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof KubeError && error.status === 404)) throw error
}
