import type { KubeObject, LabelSelector, ObjectReference } from "./meta.ts"

/** The few fields of core/v1 objects that Berth reads. Unknown fields are kept by every write (patches only). */

export interface Node extends KubeObject {
  spec?: {
    providerID?: string
    unschedulable?: boolean
    taints?: { key: string; value?: string; effect: string }[]
  }
  status?: {
    capacity?: Record<string, string>
    allocatable?: Record<string, string>
    addresses?: { type: string; address: string }[]
    conditions?: {
      type: string
      status: string
      reason?: string
      message?: string
      lastHeartbeatTime?: string
      lastTransitionTime?: string
    }[]
    nodeInfo?: Record<string, string>
  }
}

export interface Pod extends KubeObject {
  spec: {
    nodeName?: string
    hostNetwork?: boolean
    serviceAccountName?: string
    tolerations?: { key?: string; operator?: string }[]
    containers: { name: string; image?: string; resources?: ContainerResources }[]
    [field: string]: unknown
  }
  status?: {
    phase?: string
    reason?: string
    message?: string
    podIP?: string
    podIPs?: { ip: string }[]
    [field: string]: unknown
  }
}

export interface ContainerResources {
  requests?: Record<string, string>
  limits?: Record<string, string>
}

export interface Namespace extends KubeObject {
  status?: { phase?: string }
}

export interface ServiceAccount extends KubeObject {}

/** events.k8s.io/v1 Event, as `kubectl get events` and `kubectl describe` read it. */
export interface Event extends KubeObject {
  eventTime: string | null
  regarding: ObjectReference
  reason: string
  note: string
  type: "Normal" | "Warning"
  action: string
  reportingController: string
  reportingInstance: string
  series?: { count: number; lastObservedTime: string }
}

export interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

export interface DaemonSet extends KubeObject {
  spec: {
    template: {
      spec: {
        containers: {
          name: string
          image: string
          env?: { name: string; value?: string; valueFrom?: unknown }[]
        }[]
      }
    }
  }
  status?: {
    observedGeneration?: number
    desiredNumberScheduled?: number
    numberReady?: number
    updatedNumberScheduled?: number
  }
}

export interface PodDisruptionBudget extends KubeObject {
  spec?: { selector?: LabelSelector }
  status?: { disruptionsAllowed?: number; expectedPods?: number }
}
