import type { Node } from "../../api/core.ts"
import { nodes } from "../../api/resources.ts"
import { Informer } from "../../kube/informer.ts"
import type { Cluster, LoopContext } from "./cluster.ts"
import { startLoop } from "./loop-queue.ts"
import { View } from "./view.ts"

/** What the cloud says of an instance; undefined when it knows none of that id. */
type InstanceState = string | undefined

export interface CloudInstances {
  state(instanceId: string): InstanceState
  /** Calls back with the id of every instance whose state changed. */
  onChange(listener: (instanceId: string) => void): void
}

/** The cloud's part of the node controllers: the Node of a terminated instance is deleted. */
export function startCloudNodeLoop(
  context: LoopContext & Pick<Cluster, "kube" | "record">,
  instances: CloudInstances,
): void {
  const informer = new Informer({ ...context, resource: nodes })
  const view = new View(context.kube, context.clock, informer, nodes)
  const queue = startLoop(context, {
    name: "cloud-node",
    over: view,
    step: async (node) => {
      const id = instanceOf(node)
      if (id === undefined) return undefined
      const state = instances.state(id)
      if (state !== undefined && state !== "terminated") return undefined
      const why = `Deleting node ${node.metadata.name} because it does not exist in the cloud provider`
      context.record(node, "Normal", "DeletingNode", why)
      await view.remove(node)
      return undefined
    },
  })
  instances.onChange((id) => {
    const node = view.list().find((n) => instanceOf(n) === id)
    if (node) queue.add(node.metadata.name)
  })
}

/** From `aws:///ZONE/INSTANCE`. */
const instanceOf = (node: Node): string | undefined => node.spec?.providerID?.split("/").at(-1)
