/** What the rotation decides on: the few facts of nodes, pods and node groups, read anew before each decision. */
export interface RotationView {
  readonly nodes: ReadonlyMap<string, ViewNode>
  /** Pods that must leave before a node may go: neither DaemonSet pods nor mirror pods nor finished ones. */
  readonly evictable: ReadonlyMap<string, readonly ViewPod[]>
  /** Why a scaling group starts no node, by its name, where it says so. */
  readonly trouble?: ReadonlyMap<string, string>
  /** Groups, by key, for which Karpenter starts a node that is not ready yet. */
  readonly coming?: ReadonlySet<string>
}

export interface ViewNode {
  readonly name: string
  readonly uid: string
  readonly ready: boolean
  readonly unschedulable: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly group: NodeGroup
  /** Availability zone; "" when the node does not say. */
  readonly zone: string
  /** Pods bound to it that wait for an address. */
  readonly stuckPods: number
  /** Why it is not as the cluster is configured; looked at for replacements only. */
  readonly wrong?: string
}

export interface ViewPod {
  readonly namespace: string
  readonly name: string
  readonly terminating: boolean
  /** No controller starts it again. */
  readonly bare?: true
  /** Set when the last eviction was refused: the PodDisruptionBudget's own words. */
  readonly refusal?: string
}

/**
 * Who makes new nodes.
 * - "scaling-group": an Auto Scaling group, a managed node group's included: asked for one more, told which one to end.
 * - "karpenter": deleting the NodeClaim makes Karpenter start a replacement and drain by itself.
 * - "none": nobody: the node is drained and terminated, and its pods must fit elsewhere.
 */
export type NodeGroup =
  | { readonly kind: "scaling-group"; readonly name: string }
  | { readonly kind: "karpenter"; readonly nodeClaim: string; readonly nodePool: string }
  | { readonly kind: "none" }

export const groupKey = (group: NodeGroup): string =>
  group.kind === "scaling-group"
    ? `asg/${group.name}`
    : group.kind === "karpenter"
      ? `karpenter/${group.nodePool}`
      : "none"

/** One thing to do. Each is idempotent: it may be done again after a crash before its result was recorded. */
export type RotationAction =
  /** Raises the group's wanted size to `atLeast`, never lowers it. */
  | { readonly do: "scale"; readonly group: string; readonly atLeast: number }
  | { readonly do: "cordon"; readonly node: string }
  | { readonly do: "uncordon"; readonly node: string }
  | { readonly do: "evict"; readonly namespace: string; readonly name: string }
  /** Ends the instance, and lowers the group's wanted size by it unless the group is to start its successor. */
  | {
      readonly do: "terminate"
      readonly node: string
      readonly uid: string
      readonly group: NodeGroup
      readonly keepSize?: true
    }
  /** Gives a scaling group back the limits and processes that it had before the first "scale". */
  | { readonly do: "restore"; readonly group: string }
