import type { Tags } from "../../../vpc/model.ts"

/** A managed node group. Its instances belong to its Auto Scaling group. */
export interface NodeGroup {
  readonly name: string
  readonly scalingGroup: string
  readonly status: "ACTIVE" | "UPDATING" | "DEGRADED" | "DELETING"
  /** `CUSTOM` when the launch template names the image. */
  readonly amiType: string
  readonly version: string
  readonly releaseVersion: string
  /** The user's own template; absent for a group made without one. */
  readonly launchTemplate?: { readonly id: string; readonly name: string; readonly version: string }
  readonly labels: Tags
  readonly taints: readonly NodeGroupTaint[]
  readonly maxUnavailable: number
  readonly updateStrategy: "DEFAULT" | "MINIMAL"
  readonly createdAt: number
  readonly modifiedAt: number
  readonly issue?: {
    readonly code: string
    readonly message: string
    readonly ids: readonly string[]
  }
}

export interface NodeGroupTaint {
  readonly key: string
  readonly value?: string
  readonly effect: "NO_SCHEDULE" | "NO_EXECUTE" | "PREFER_NO_SCHEDULE"
}

export interface Addon {
  readonly name: string
  readonly version: string
  readonly configuration?: string
  readonly status: "ACTIVE" | "UPDATING" | "UPDATE_FAILED"
  readonly createdAt: number
  readonly modifiedAt: number
}

/** Something that EKS does for a while. */
export interface Update {
  readonly id: string
  readonly type: "VersionUpdate" | "ConfigUpdate" | "AddonUpdate"
  readonly status: "InProgress" | "Successful" | "Failed"
  readonly nodeGroup?: string
  readonly addon?: string
  readonly params: readonly { readonly type: string; readonly value: string }[]
  readonly errors: readonly {
    readonly code: string
    readonly message: string
    readonly ids: readonly string[]
  }[]
  readonly createdAt: number
}

/** Why an update ends as Failed. */
export class UpdateFailure extends Error {
  readonly code: string
  readonly ids: readonly string[]

  constructor(code: string, message: string, ids: readonly string[]) {
    super(message)
    this.code = code
    this.ids = ids
  }
}

/** What EKS refuses, as the wire shows it. */
export class EksFault extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.name = "EksFault"
    this.code = code
    this.status = status
  }
}
