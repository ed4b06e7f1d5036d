import type { KubeObject } from "./meta.ts"

/** berth.dev/v1alpha1 NodeRotation: nodes to replace, in this order, and how far that has come. */
export interface NodeRotation extends KubeObject {
  spec: NodeRotationSpec
  status?: NodeRotationStatus
}

export interface NodeRotationSpec {
  /** Names of the nodes to replace; the first is the canary. */
  nodes: string[]
  /** Why, for the people who find nodes going away. */
  reason?: string
  /**
   * Nodes in the works at once, after the canary has passed. Default 1. 0: one at a time, and a node of a scaling group
   * goes before its successor starts, where its subnets have no address for one more.
   */
  maxSurge?: number
  /** How long a drain may take before the rotation stops and says what blocks it. Default 900. */
  drainTimeoutSeconds?: number
  /** Evicts pods without a controller too: nobody starts them again. */
  force?: boolean
  /** Starts nothing new and evicts nothing while true. */
  paused?: boolean
  /** Uncordons what is not terminated yet, gives surge nodes back, and ends. */
  undo?: boolean
}

export type RotationPhase = "Running" | "Paused" | "Blocked" | "Completed" | "Undone"

export interface NodeRotationStatus {
  /** metadata.generation of the spec that it answers. */
  observedGeneration?: number
  phase: RotationPhase
  message: string
  done: number
  total: number
  nodes: RotatedNode[]
}

export type RotatedNodeState =
  | "Waiting"
  /** A node more was asked for; waiting until it is ready. */
  | "Surging"
  /** Cordoned; its pods are being evicted. */
  | "Draining"
  /** Its instance shuts down. */
  | "Terminating"
  | "Done"

export interface RotatedNode {
  name: string
  /** Of the Node object: in a small subnet the next node may get the same address, and with it the same name. */
  uid?: string
  state: RotatedNodeState
  /** Since when it has been in this state (RFC 3339). */
  since: string
  /** Who makes its replacement: `asg/NAME`, `karpenter/NODEPOOL`, or `none`. */
  group?: string
  /** Somebody had cordoned it before: undo leaves it so. */
  cordonedBefore?: boolean
  /** The node that takes its place, once it is known. */
  replacement?: string
  message?: string
}
