/** The parts of Kubernetes' object metadata that Berth reads or writes (apimachinery meta/v1). */
export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  generateName?: string
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: {
    key: string
    operator: "In" | "NotIn" | "Exists" | "DoesNotExist"
    values?: string[]
  }[]
}

/** metav1.Condition. */
export interface Condition {
  type: string
  status: "True" | "False" | "Unknown"
  reason: string
  message: string
  observedGeneration?: number
  lastTransitionTime: string
}

export interface ObjectReference {
  apiVersion: string
  kind: string
  name: string
  namespace?: string
  uid?: string
}
