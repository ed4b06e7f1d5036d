import type { Node } from "../api/core.ts"
import {
  type NodeMode,
  type NodeNetworkStatus,
  nodePlacement,
  type PlacementKey,
} from "../api/nodenetwork.ts"
import { bindNode } from "../placement/binding.ts"

/**
 * Whether the node's labels and annotations name another binding than the one the controller last acted on. Until it
 * has, the interfaces on record still count as serving, and a pod started from them would be in the wrong subnet for
 * the rest of its life.
 */
export function isRebound(node: Node, mode: NodeMode, status: NodeNetworkStatus): boolean {
  if (!mode.customNetworking) return false
  const { name, labels, annotations } = node.metadata
  const decision = bindNode({ name, labels, annotations }, mode)
  if (!decision.ok) {
    return status.placements.some((p) => p.placement === nodePlacement && p.ready)
  }
  const { binding } = decision
  // A pool stands between what is written on the node and its label; only the controller knows the pools.
  const written = binding.source === "ExternalLabel" || binding.source === "Annotation"
  if (!written && status.binding?.source === "SubnetPool") return false
  // A controller that does not say what bound the node is taken at its word.
  if (status.binding === undefined) return false
  return status.binding.name !== binding.name || status.binding.source !== binding.source
}

/** Whether a placement follows the node's binding; pools that pods choose do not. */
export const followsNode = (placement: PlacementKey): boolean => !placement.startsWith("pool:")
