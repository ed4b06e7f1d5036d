import type { OwnerReference } from "../../api/meta.ts"
import type { JsonObject } from "./json.ts"

/** metav1.ObjectMeta as the server writes it. */
export interface Meta {
  name: string
  namespace?: string
  generateName?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: ManagedFieldsEntry[]
}

export interface ManagedFieldsEntry {
  manager?: string
  operation?: "Apply" | "Update"
  apiVersion?: string
  time?: string
  fieldsType?: "FieldsV1"
  fieldsV1?: JsonObject
  subresource?: string
}

/** Any object of the API: its own fields are JSON. */
export interface ApiObject {
  apiVersion: string
  kind: string
  metadata: Meta
  [field: string]: unknown
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
