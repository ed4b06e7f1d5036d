import type {
  Container,
  ContainerState,
  ContainerStatus,
  LabPod,
  PodCondition,
  PodStatus,
} from "../../loops/pod.ts"
import { stamp } from "../../loops/stamp.ts"

/** What the kubelet knows of one container of a pod. */
export interface ContainerRecord {
  containerId?: string
  state: ContainerState
  lastState: ContainerState
  restartCount: number
  /** The readiness probe's last word; containers without one are ready while they run. */
  ready: boolean
  started: boolean
}

export interface PodFacts {
  pod: LabPod
  containers: ReadonlyMap<string, ContainerRecord>
  hostAddress: string
  podAddress: string | undefined
  startTime: number
  /** The network namespace exists and is wired, or is the host's. */
  sandboxReady: boolean
  now: number
}

/** The status a kubelet reports (kubernetes/kubernetes pkg/kubelet: generateAPIPodStatus). */
export function podStatus(facts: PodFacts): PodStatus {
  const { pod, containers, hostAddress, podAddress } = facts
  const initStatuses = (pod.spec.initContainers ?? []).map((c) => statusOf(c, containers, true))
  const statuses = pod.spec.containers.map((c) => statusOf(c, containers, false))
  const phase = phaseOf(pod, initStatuses, statuses)
  const address = pod.spec.hostNetwork ? hostAddress : podAddress
  const addressed = address !== undefined && facts.sandboxReady
  return {
    phase,
    ...(pod.metadata.generation === undefined
      ? {}
      : { observedGeneration: pod.metadata.generation }),
    conditions: conditionsOf(facts, { phase, initStatuses, statuses }),
    hostIP: hostAddress,
    hostIPs: [{ ip: hostAddress }],
    ...(addressed ? { podIP: address, podIPs: [{ ip: address }] } : {}),
    startTime: stamp(facts.startTime),
    ...(initStatuses.length > 0 ? { initContainerStatuses: initStatuses } : {}),
    containerStatuses: statuses,
    qosClass: pod.status?.qosClass ?? "BestEffort",
  }
}

function statusOf(
  container: Container,
  records: ReadonlyMap<string, ContainerRecord>,
  init: boolean,
): ContainerStatus {
  const record = records.get(container.name)
  const image = container.image ?? ""
  const reason = init ? "PodInitializing" : "ContainerCreating"
  if (!record)
    return {
      name: container.name,
      image,
      imageID: "",
      ready: false,
      started: false,
      restartCount: 0,
      state: { waiting: { reason } },
      lastState: {},
    }
  const finished = init && record.state.terminated?.exitCode === 0
  return {
    name: container.name,
    image,
    imageID: image,
    ...(record.containerId ? { containerID: `berth-lab://${record.containerId}` } : {}),
    ready: finished || (record.state.running !== undefined && record.ready),
    started: record.state.running !== undefined && record.started,
    restartCount: record.restartCount,
    state: record.state,
    lastState: record.lastState,
  }
}

function phaseOf(
  pod: LabPod,
  init: readonly ContainerStatus[],
  statuses: readonly ContainerStatus[],
): string {
  const policy = pod.spec.restartPolicy ?? "Always"
  const failedInit = init.some((s) => (s.state.terminated?.exitCode ?? 0) !== 0)
  if (failedInit && policy === "Never") return "Failed"
  if (init.some((s) => s.state.terminated?.exitCode !== 0)) return "Pending"
  const terminated = statuses.filter((s) => s.state.terminated)
  if (terminated.length === statuses.length && statuses.length > 0) {
    const clean = terminated.every((s) => s.state.terminated?.exitCode === 0)
    if (pod.metadata.deletionTimestamp || policy === "Never") return clean ? "Succeeded" : "Failed"
    if (clean && policy === "OnFailure") return "Succeeded"
    return "Running"
  }
  const begun = statuses.some((s) => s.state.running || s.state.terminated || s.restartCount > 0)
  const creating = statuses.every((s) => s.state.waiting && s.restartCount === 0)
  return begun && !creating ? "Running" : "Pending"
}

function conditionsOf(
  { pod, sandboxReady, now }: PodFacts,
  seen: { phase: string; initStatuses: ContainerStatus[]; statuses: ContainerStatus[] },
): PodCondition[] {
  const { phase, initStatuses, statuses } = seen
  const over = phase === "Succeeded" || phase === "Failed"
  const initialized = initStatuses.every((s) => s.ready)
  const unready = statuses.filter((s) => !s.ready).map((s) => s.name)
  const containersReady = unready.length === 0 && !over
  const gates = (pod.spec.readinessGates ?? [])
    .map((g) => g.conditionType)
    .filter((t) => !pod.status?.conditions?.some((c) => c.type === t && c.status === "True"))
  const why = over
    ? { reason: phase === "Succeeded" ? "PodCompleted" : "PodFailed" }
    : {
        reason: "ContainersNotReady",
        message: `containers with unready status: [${unready.join(" ")}]`,
      }
  const verdict = (type: string, holds: boolean, because: object): PodCondition => {
    const status = holds ? "True" : "False"
    const before = pod.status?.conditions?.find((c) => c.type === type)
    const since = before?.status === status ? before.lastTransitionTime : undefined
    return {
      type,
      status,
      ...(holds ? {} : because),
      lastProbeTime: null,
      lastTransitionTime: since ?? stamp(now),
    }
  }
  const gated = {
    reason: "ReadinessGatesNotReady",
    message: `the status of pod readiness gate "${gates[0]}" is not "True", but False`,
  }
  return [
    verdict("PodReadyToStartContainers", sandboxReady && !over, {}),
    verdict("Initialized", initialized, {
      reason: "ContainersNotInitialized",
      message: `containers with incomplete status: [${initStatuses
        .filter((s) => !s.ready)
        .map((s) => s.name)
        .join(" ")}]`,
    }),
    verdict("Ready", containersReady && gates.length === 0, containersReady ? gated : why),
    verdict("ContainersReady", containersReady, why),
    verdict("PodScheduled", true, {}),
  ]
}
