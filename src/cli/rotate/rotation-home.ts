import type { NodeRotationSpec, NodeRotationStatus } from "../../api/noderotation.ts"

/** A rotation as it stands. */
export interface RotationRecord {
  readonly spec: NodeRotationSpec
  readonly status?: NodeRotationStatus
  /** RFC 3339. */
  readonly startedAt: string
}

/** Where a rotation is kept and carried out: in the cluster by Berth's controller, or by this process. */
export interface RotationHome {
  /** For people: `NodeRotation rotation-x7k2p`, or the file of its record. */
  readonly where: string
  /** What to tell whoever leaves before it is finished. */
  readonly whenLeft: string
  /** The one that is not finished, or the last. */
  current(): Promise<RotationRecord | undefined>
  start(spec: NodeRotationSpec): Promise<void>
  change(change: Pick<NodeRotationSpec, "paused" | "undo">): Promise<void>
  /** Follows, or carries out, until it ends, stays, or the signal aborts. */
  follow(options: FollowOptions, signal: AbortSignal): Promise<NodeRotationStatus | undefined>
}

export interface FollowOptions {
  readonly onStatus: (status: NodeRotationStatus, record: RotationRecord) => void
  readonly stopWhenBlocked: boolean
}
