import { isDeepStrictEqual } from "node:util"
import type { NodeNetwork, NodeNetworkStatus } from "../api/nodenetwork.ts"
import { nodeNetworks } from "../api/resources.ts"
import { type Kube, KubeError } from "../kube/kube.ts"

const conflictRetries = 5

/** Another controller has written the status: what this one knows of the node is out of date. */
export class StatusTaken extends Error {
  readonly current: NodeNetworkStatus | undefined

  constructor(node: string, current: NodeNetworkStatus | undefined) {
    super(`the status of NodeNetwork ${node} was written by another controller`)
    this.name = "StatusTaken"
    this.current = current
  }
}

/**
 * Writes the status over `known`, the one that was last written or read, and over nothing else: the agent's writes of
 * `spec` are no obstacle, another controller's are. This fences off a former leader without trusting clocks.
 * Answers the object as written, or undefined when it is gone.
 */
export async function writeStatus(
  kube: Kube,
  object: NodeNetwork,
  known: NodeNetworkStatus | undefined,
  status: NodeNetworkStatus,
): Promise<NodeNetwork | undefined> {
  let base: NodeNetwork | undefined = object
  for (let attempt = 0; base; attempt++) {
    if (!sameStatus(base.status, known)) {
      if (attempt > 0) throw new StatusTaken(object.metadata.name, base.status)
    } else {
      try {
        return await kube.replace(nodeNetworks, { ...base, status }, "status")
      } catch (error) {
        if (isGone(error)) return undefined
        if (!isConflict(error) || attempt >= conflictRetries) throw error
      }
    }
    // The cache is behind, or the agent has written spec meanwhile: the truth is one read away.
    base = await kube.get(nodeNetworks, object.metadata.name)
    if (base?.metadata.uid !== object.metadata.uid) return undefined
  }
  return undefined
}

const isConflict = (error: unknown) => error instanceof KubeError && error.status === 409
const isGone = (error: unknown) => error instanceof KubeError && error.status === 404

export const sameStatus = (
  a: NodeNetworkStatus | undefined,
  b: NodeNetworkStatus | undefined,
): boolean => isDeepStrictEqual(withoutUndefined(a), withoutUndefined(b))

/** The API server stores no undefined members. */
const withoutUndefined = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value))
