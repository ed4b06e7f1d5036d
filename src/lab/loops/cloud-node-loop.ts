import type { Node } from "../../api/core.ts"
import type { Cluster, LoopContext } from "./cluster.ts"
import { startLoop } from "./loop-queue.ts"

/** What the cloud says of an instance; undefined when it knows none of that id. */
export type InstanceState = string | undefined

export interface CloudInstances {
  state(instanceId: string): InstanceState
  /** Calls back with the id of every instance whose state changed. */
  onChange(listener: (instanceId: string) => void): void
}

/** The cloud's part of the node controllers: the Node of a terminated instance is deleted. */
export function cloudNodeLoop(
  cluster: LoopContext & Pick<Cluster, "nodes" | "record">,
  instances: CloudInstances,
): void {
  const queue = startLoop(cluster, {
    name: "cloud-node",
    over: cluster.nodes,
    step: async (node) => {
      const id = instanceOf(node)
      if (id === undefined) return undefined
      const state = instances.state(id)
      if (state !== undefined && state !== "terminated") return undefined
      const why = `Deleting node ${node.metadata.name} because it does not exist in the cloud provider`
      cluster.record(node, "Normal", "DeletingNode", why)
      await cluster.nodes.remove(node)
      return undefined
    },
  })
  instances.onChange((id) => {
    const node = cluster.nodes.list().find((n) => instanceOf(n) === id)
    if (node) queue.add(node.metadata.name)
  })
}

/** From `aws:///ZONE/INSTANCE`. */
export const instanceOf = (node: Node): string | undefined =>
  node.spec?.providerID?.split("/").at(-1)
