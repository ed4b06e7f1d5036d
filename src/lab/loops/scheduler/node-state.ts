import type { Node } from "../../../api/core.ts"
import { isFinished, type LabPod, type PodSpec } from "../pod.ts"
import { parseQuantity } from "./quantity.ts"

/** A node with what its pods ask of it: the scheduler's view. */
export interface NodeState {
  readonly node: Node
  readonly pods: readonly LabPod[]
  readonly requested: ReadonlyMap<string, number>
}

/** Groups the pods that hold resources (also those being deleted) by node. Cost: one pass over the cluster's pods. */
export function nodeStates(nodes: readonly Node[], pods: readonly LabPod[]): NodeState[] {
  const byNode = Map.groupBy(
    pods.filter((p) => p.spec.nodeName && !isFinished(p)),
    (p) => p.spec.nodeName ?? "",
  )
  return nodes.map((node) => {
    const here = byNode.get(node.metadata.name) ?? []
    return { node, pods: here, requested: sum(here.map((p) => requestsOf(p.spec))) }
  })
}

/** Sum over containers, or the largest init container where that asks for more (they run one after another). */
export function requestsOf(spec: PodSpec): Map<string, number> {
  const of = (c: PodSpec["containers"][number]) => {
    const { requests, limits } = c.resources ?? {}
    // A container with a limit and no request asks for its limit; extended resources are stated as limits.
    return new Map(
      Object.entries({ ...limits, ...requests }).map(([k, v]) => [k, parseQuantity(v)] as const),
    )
  }
  const total = sum(spec.containers.map(of))
  for (const init of spec.initContainers ?? [])
    for (const [resource, amount] of of(init))
      total.set(resource, Math.max(total.get(resource) ?? 0, amount))
  for (const [resource, amount] of Object.entries(spec.overhead ?? {}))
    total.set(resource, (total.get(resource) ?? 0) + parseQuantity(amount))
  return total
}

function sum(all: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const total = new Map<string, number>()
  for (const one of all)
    for (const [resource, amount] of one) total.set(resource, (total.get(resource) ?? 0) + amount)
  return total
}

export const allocatable = (node: Node, resource: string): number =>
  parseQuantity(node.status?.allocatable?.[resource] ?? node.status?.capacity?.[resource])
