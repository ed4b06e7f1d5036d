import { type NodeNetworkStatus, nodePlacement } from "../api/nodenetwork.ts"
import type { Pool } from "../ipam/pool.ts"
import type { Refusal } from "./shortage-reason.ts"

export interface ReadinessInput {
  readonly pool: Pool
  readonly status: NodeNetworkStatus | undefined
  /** Why no new address comes for the node placement. */
  readonly refusal: Refusal
  /** Pods that have no address. */
  readonly waiting: number
}

/**
 * Why the node cannot attach pods at all, for CNI STATUS and the CNI configuration; undefined when it can. A node whose
 * addresses are all in use can: it serves its pods, and must not become NotReady for it.
 */
export function unavailable({ pool, refusal }: ReadinessInput): string | undefined {
  const open = [...pool.interfaces()].some((i) => i.open && pool.serves(i))
  if (open || [...pool.held()].length > 0) return undefined
  return `no interface serves pods yet: ${refusal.why}`
}

/** Why a pod started now would get no address; undefined when it would. For the readiness probe of the DaemonSet. */
export function notReady(input: ReadinessInput): string | undefined {
  const gone = unavailable(input)
  if (gone !== undefined) return gone
  const { pool, refusal, waiting } = input
  const { free } = pool.counts(nodePlacement)
  if (free > 0 || waiting === 0 || !refusal.refused) return undefined
  return `${waiting} pods wait for an address: ${refusal.why}`
}
