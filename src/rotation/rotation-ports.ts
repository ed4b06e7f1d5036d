import type { Node } from "../api/core.ts"
import type { Clock } from "../clock.ts"
import type { Kube } from "../kube/kube.ts"

/** Who makes and ends instances. Every call may be repeated: done twice is done. */
export interface ScalingGroups {
  /** The scaling group of each instance that has one. Groups change while nodes come and go: asked before each step. */
  groupsOf(instanceIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Raises the wanted size to `atLeast`, its limit too where it must, and never lowers it. */
  scale(group: string, atLeast: number): Promise<void>
  /**
   * Ends an instance and lowers the wanted size of its group by it, unless `keepSize` says that the group is to start
   * another. An instance that is gone is success.
   */
  terminate(instanceId: string, group: string | undefined, keepSize?: boolean): Promise<void>
  /** Gives the group back what `scale` changed besides its size. Absent is success. */
  restore(group: string): Promise<void>
  /** What the group said of its last launch, when that failed. */
  trouble(group: string): Promise<string | undefined>
}

/** Everything a rotation reads and does. */
export interface RotationPorts {
  readonly kube: Kube
  readonly groups: ScalingGroups
  readonly clock: Clock
  /** Every node, as last seen: a cache, since it is asked for at every step. */
  readonly nodes: () => readonly Node[]
  /** Why a replacement is not as the cluster is configured; undefined when it is. */
  readonly inspect: (node: string) => Promise<string | undefined>
  /** Asked right before each action: a leader that was paused may have a successor by now. Absent: nobody else acts. */
  readonly holdsLease?: () => boolean
}
