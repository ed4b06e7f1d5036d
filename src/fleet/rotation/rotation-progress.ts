import type { NodeRotationStatus, RotatedNodeState } from "../../api/noderotation.ts"

export interface RotationProgress {
  /** 0 to 1. */
  readonly share: number
  /** Estimated from what was done since the start; undefined while too little was. */
  readonly secondsLeft?: number
}

/** How much of a node's replacement lies behind it. */
const weights: Record<RotatedNodeState, number> = {
  Waiting: 0,
  Surging: 0.2,
  Draining: 0.5,
  Terminating: 0.8,
  Done: 1,
}

/** Below this share an estimate would be a guess. */
const leastShare = 0.05

export function rotationProgress(
  status: NodeRotationStatus,
  startedAt: string,
  now: number,
): RotationProgress {
  const done = status.nodes.reduce((sum, node) => sum + weights[node.state], 0)
  const share = status.total === 0 ? 1 : done / status.total
  const elapsed = (now - Date.parse(startedAt)) / 1000
  if (share < leastShare || share >= 1 || !(elapsed > 0)) return { share }
  return { share, secondsLeft: Math.round((elapsed * (1 - share)) / share) }
}
