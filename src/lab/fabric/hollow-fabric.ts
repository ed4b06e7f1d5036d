import type { Fabric, FabricNode } from "./fabric.ts"
import { stateOf } from "./fabric-state.ts"
import { traceFlow } from "./trace-flow.ts"
import { emptyView } from "./vpc-view.ts"

/** A fabric for machines that permit no namespaces: it knows what would happen to a packet, and carries none. */
export function createHollowFabric(): Fabric {
  let view = emptyView
  const nodes = new Map<string, FabricNode>()
  return {
    wired: false,
    addNode: async (node) => void nodes.set(node.instanceId, node),
    removeNode: async (instanceId) => void nodes.delete(instanceId),
    sync: async (next) => {
      view = next
    },
    trace: (flow) => traceFlow(view, flow),
    state: async () =>
      stateOf({
        view,
        nodes: [...nodes.values()],
        stateOfInterface: () => "hollow",
        table: undefined,
      }),
    [Symbol.asyncDispose]: async () => {},
  }
}
