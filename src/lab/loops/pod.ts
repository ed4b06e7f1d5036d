import type { Node, Pod } from "../../api/core.ts"
import type { Condition, LabelSelector } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"

/** core/v1 Pod with the fields that the lab's scheduler, control loops and kubelets act on. */
export interface LabPod extends Pod {
  spec: PodSpec
  status?: PodStatus
}

export interface PodSpec {
  containers: Container[]
  initContainers?: Container[]
  nodeName?: string
  nodeSelector?: Record<string, string>
  affinity?: Affinity
  tolerations?: Toleration[]
  topologySpreadConstraints?: TopologySpread[]
  schedulerName?: string
  schedulingGates?: { name: string }[]
  priority?: number
  priorityClassName?: string
  restartPolicy?: string
  terminationGracePeriodSeconds?: number
  activeDeadlineSeconds?: number
  hostNetwork?: boolean
  serviceAccountName?: string
  hostname?: string
  subdomain?: string
  readinessGates?: { conditionType: string }[]
  volumes?: Volume[]
  overhead?: Record<string, string>
  [field: string]: unknown
}

export interface Volume {
  name: string
  hostPath?: { path: string; type?: string }
  [source: string]: unknown
}

export interface Container {
  name: string
  image?: string
  command?: string[]
  args?: string[]
  env?: EnvVar[]
  envFrom?: {
    prefix?: string
    configMapRef?: { name: string; optional?: boolean }
    secretRef?: { name: string; optional?: boolean }
  }[]
  ports?: { name?: string; containerPort: number; hostPort?: number; protocol?: string }[]
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  volumeMounts?: { name: string; mountPath: string; subPath?: string }[]
  readinessProbe?: Probe
  livenessProbe?: Probe
  startupProbe?: Probe
}

export interface EnvVar {
  name: string
  value?: string
  valueFrom?: {
    fieldRef?: { fieldPath: string }
    resourceFieldRef?: { resource: string; containerName?: string }
    configMapKeyRef?: { name: string; key: string; optional?: boolean }
    secretKeyRef?: { name: string; key: string; optional?: boolean }
  }
}

export interface Probe {
  exec?: { command: string[] }
  httpGet?: { path?: string; port: number | string; host?: string; scheme?: string }
  tcpSocket?: { port: number | string; host?: string }
  grpc?: { port: number; service?: string }
  initialDelaySeconds?: number
  periodSeconds?: number
  timeoutSeconds?: number
  successThreshold?: number
  failureThreshold?: number
}

export interface Toleration {
  key?: string
  operator?: string
  value?: string
  effect?: string
  tolerationSeconds?: number
}

export type Taint = NonNullable<NonNullable<Node["spec"]>["taints"]>[number]

export interface NodeSelectorTerm {
  matchExpressions?: NodeRequirement[]
  matchFields?: NodeRequirement[]
}

export interface NodeRequirement {
  key: string
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt"
  values?: string[]
}

export interface PodAffinityTerm {
  labelSelector?: LabelSelector
  topologyKey: string
  namespaces?: string[]
  namespaceSelector?: LabelSelector
}

export interface Affinity {
  nodeAffinity?: {
    requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] }
    preferredDuringSchedulingIgnoredDuringExecution?: {
      weight: number
      preference: NodeSelectorTerm
    }[]
  }
  podAffinity?: PodAffinityRules
  podAntiAffinity?: PodAffinityRules
}

export interface PodAffinityRules {
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]
  preferredDuringSchedulingIgnoredDuringExecution?: {
    weight: number
    podAffinityTerm: PodAffinityTerm
  }[]
}

export interface TopologySpread {
  maxSkew: number
  minDomains?: number
  topologyKey: string
  whenUnsatisfiable: string
  labelSelector?: LabelSelector
}

export interface PodStatus {
  phase?: string
  reason?: string
  message?: string
  hostIP?: string
  hostIPs?: { ip: string }[]
  podIP?: string
  podIPs?: { ip: string }[]
  startTime?: string
  qosClass?: string
  observedGeneration?: number
  conditions?: PodCondition[]
  initContainerStatuses?: ContainerStatus[]
  containerStatuses?: ContainerStatus[]
  [field: string]: unknown
}

export type PodCondition = Omit<Condition, "reason" | "message" | "lastTransitionTime"> & {
  reason?: string
  message?: string
  lastTransitionTime?: string | null
  lastProbeTime?: string | null
}

export interface ContainerStatus {
  name: string
  image: string
  imageID: string
  containerID?: string
  ready: boolean
  started?: boolean
  restartCount: number
  state: ContainerState
  lastState: ContainerState
}

export interface ContainerState {
  waiting?: { reason: string; message?: string }
  running?: { startedAt: string }
  terminated?: {
    exitCode: number
    signal?: number
    reason: string
    message?: string
    startedAt: string
    finishedAt: string
    containerID?: string
  }
}

export const labPods: Resource<LabPod> = {
  group: "",
  version: "v1",
  plural: "pods",
  kind: "Pod",
  namespaced: true,
}

export const podKey = (pod: LabPod): string => `${pod.metadata.namespace}/${pod.metadata.name}`

/** True when the pod has ended for good: it holds no resources and its controller replaces it. */
export const isFinished = (pod: LabPod): boolean =>
  pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

export const isReady = (pod: LabPod): boolean =>
  pod.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false

/** Ready for at least `minReadySeconds`, as the Deployment API defines availability. */
export function isAvailable(pod: LabPod, minReadySeconds: number, now: number): boolean {
  const ready = pod.status?.conditions?.find((c) => c.type === "Ready" && c.status === "True")
  if (!ready || pod.metadata.deletionTimestamp) return false
  if (minReadySeconds === 0) return true
  return now >= Date.parse(ready.lastTransitionTime ?? "") + minReadySeconds * 1000
}
