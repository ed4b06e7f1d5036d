import type { Clock } from "../../../clock.ts"
import type { ApiObject } from "../api-object.ts"
import type { Store } from "../store/store.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { ResourceTypes } from "../types/resource-types.ts"

/** What every operation works on. */
export interface Core {
  readonly store: Store
  readonly types: ResourceTypes
  readonly clock: Clock
  /** A new uid. */
  readonly uid: () => string
  /** A number in [0, 1), for generated names. */
  readonly random: () => number
  /** PEM that namespaces publish as kube-root-ca.crt. */
  readonly certificateAuthority: string
  /** Asked before each write is stored, dry runs included; rejects to refuse. The seam of admission webhooks. */
  readonly admission: (review: AdmissionReview) => Promise<void>
}

export interface AdmissionReview {
  readonly operation: "CREATE" | "UPDATE" | "DELETE"
  readonly type: ResourceType
  readonly subresource: string
  readonly object?: ApiObject
  readonly oldObject?: ApiObject
  readonly dryRun: boolean
  readonly warn: (text: string) => void
}

/** Options that all writes share. */
export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict"
  /** Takes warnings for the client. */
  readonly warn?: (text: string) => void
}
