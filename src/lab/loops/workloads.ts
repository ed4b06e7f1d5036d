import type { Condition, KubeObject, LabelSelector, ObjectMeta } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import type { PodSpec } from "./pod.ts"

/** The workload kinds of apps/v1 and batch/v1, with the fields that the control loops read and write. */

export interface PodTemplate {
  metadata?: Partial<ObjectMeta>
  spec: PodSpec
}

export type IntOrPercent = number | string

export interface Deployment extends KubeObject {
  spec: {
    replicas?: number
    selector: LabelSelector
    template: PodTemplate
    strategy?: {
      type?: string
      rollingUpdate?: { maxSurge?: IntOrPercent; maxUnavailable?: IntOrPercent }
    }
    minReadySeconds?: number
    revisionHistoryLimit?: number
    progressDeadlineSeconds?: number
    paused?: boolean
  }
  status?: DeploymentStatus
}

export interface DeploymentStatus {
  observedGeneration?: number
  replicas?: number
  updatedReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  unavailableReplicas?: number
  conditions?: WorkloadCondition[]
}

export type WorkloadCondition = Condition & { lastUpdateTime?: string }

export interface ReplicaSet extends KubeObject {
  spec: {
    replicas?: number
    selector: LabelSelector
    template: PodTemplate
    minReadySeconds?: number
  }
  status?: ReplicaSetStatus
}

export interface ReplicaSetStatus {
  observedGeneration?: number
  replicas: number
  fullyLabeledReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  conditions?: WorkloadCondition[]
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number
    selector: LabelSelector
    serviceName?: string
    template: PodTemplate
    podManagementPolicy?: string
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } }
    minReadySeconds?: number
    revisionHistoryLimit?: number
    ordinals?: { start?: number }
  }
  status?: StatefulSetStatus
}

export interface StatefulSetStatus {
  observedGeneration?: number
  replicas: number
  readyReplicas?: number
  availableReplicas?: number
  currentReplicas?: number
  updatedReplicas?: number
  currentRevision?: string
  updateRevision?: string
  collisionCount?: number
}

export interface DaemonSet extends KubeObject {
  spec: {
    selector: LabelSelector
    template: PodTemplate
    updateStrategy?: {
      type?: string
      rollingUpdate?: { maxSurge?: IntOrPercent; maxUnavailable?: IntOrPercent }
    }
    minReadySeconds?: number
    revisionHistoryLimit?: number
  }
  status?: DaemonSetStatus
}

export interface DaemonSetStatus {
  observedGeneration?: number
  currentNumberScheduled: number
  desiredNumberScheduled: number
  numberMisscheduled: number
  numberReady: number
  numberAvailable?: number
  numberUnavailable?: number
  updatedNumberScheduled?: number
}

export interface Job extends KubeObject {
  spec: {
    parallelism?: number
    completions?: number
    backoffLimit?: number
    suspend?: boolean
    selector?: LabelSelector
    template: PodTemplate
  }
  status?: JobStatus
}

export interface JobStatus {
  active?: number
  succeeded?: number
  failed?: number
  ready?: number
  startTime?: string
  completionTime?: string
  conditions?: WorkloadCondition[]
}

/** apps/v1 ControllerRevision: what `kubectl rollout history` and `undo` read for DaemonSets and StatefulSets. */
export interface ControllerRevision extends KubeObject {
  revision: number
  data?: { spec: { template: PodTemplate } }
}

/** policy/v1 PodDisruptionBudget. */
export interface DisruptionBudget extends KubeObject {
  spec: {
    selector?: LabelSelector
    minAvailable?: IntOrPercent
    maxUnavailable?: IntOrPercent
  }
  status?: DisruptionBudgetStatus
}

export interface DisruptionBudgetStatus {
  observedGeneration?: number
  currentHealthy: number
  desiredHealthy: number
  expectedPods: number
  disruptionsAllowed: number
  /** Time of each eviction that was granted and has not shown yet, by pod name. */
  disruptedPods?: Record<string, string>
  conditions?: WorkloadCondition[]
}

const apps = <T extends KubeObject>(plural: string, kind: string): Resource<T> => ({
  group: "apps",
  version: "v1",
  plural,
  kind,
  namespaced: true,
})

export const deployments = apps<Deployment>("deployments", "Deployment")
export const replicaSets = apps<ReplicaSet>("replicasets", "ReplicaSet")
export const statefulSets = apps<StatefulSet>("statefulsets", "StatefulSet")
export const daemonSets = apps<DaemonSet>("daemonsets", "DaemonSet")
export const controllerRevisions = apps<ControllerRevision>(
  "controllerrevisions",
  "ControllerRevision",
)
export const jobs: Resource<Job> = {
  group: "batch",
  version: "v1",
  plural: "jobs",
  kind: "Job",
  namespaced: true,
}
export const disruptionBudgets: Resource<DisruptionBudget> = {
  group: "policy",
  version: "v1",
  plural: "poddisruptionbudgets",
  kind: "PodDisruptionBudget",
  namespaced: true,
}
