import { isError } from "../../errors/catalogue.ts"
import { limitsOf } from "../../vpc/instance-limits.ts"
import { type MaxPods, maxPods } from "../../vpc/max-pods.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { NodeFacts } from "../snapshot.ts"

/** What max-pods should be on a live node, and what it advertises. */
export interface NodeCapacity {
  readonly node: string
  readonly type: string
  readonly expected: MaxPods
  /** status.allocatable.pods. */
  readonly advertised: number | undefined
}

const noManage = "node.k8s.amazonaws.com/no_manage"

/** A node's capacity with what is attached to it now: unmanaged ENIs, the trunk. Undefined for an unknown type. */
export function nodeCapacity(index: FleetIndex, node: NodeFacts): NodeCapacity | undefined {
  const type = index.typeOf(node)
  if (type === undefined) return undefined
  const env = index.snapshot.cluster.daemonSet?.env ?? {}
  try {
    const { defaultNetworkCardIndex } = limitsOf(type)
    const onCard = index
      .interfacesOf(node)
      .filter((i) => (i.attachment?.networkCard ?? 0) === defaultNetworkCardIndex)
    const unmanaged = onCard.filter((i) => i.tags[noManage] === "true" || i.type === "efa-only")
    const maxENI = Number.parseInt(env["MAX_ENI"] ?? "", 10)
    const expected = maxPods({
      type,
      customNetworking: index.mode.customNetworking,
      prefixDelegation: index.mode.prefixDelegation,
      securityGroupsForPods: onCard.some((i) => i.type === "trunk"),
      unmanaged: unmanaged.length,
      // The CNI ignores MAX_ENI below 1.
      ...(maxENI >= 1 && { maxENI }),
    })
    return { node: node.name, type, expected, advertised: node.allocatablePods }
  } catch (error) {
    if (isError(error, "vpc/instance-type-unknown")) return undefined
    throw error
  }
}
