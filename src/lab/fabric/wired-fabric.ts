import { type Clock, systemClock } from "../../clock.ts"
import type { Kernel, NetNamespace } from "../../kernel/kernel.ts"
import { type Logger, silentLogger } from "../../log.ts"
import { internetAddress, internetRouter, onPremises } from "./addresses.ts"
import type { Fabric, FabricNode } from "./fabric.ts"
import { stateOf } from "./fabric-state.ts"
import { links } from "./far-end.ts"
import { startOutsideHost } from "./outside-host.ts"
import { Pace } from "./pace.ts"
import { baseChanges } from "./plan-routing.ts"
import { traceFlow } from "./trace-flow.ts"
import { viaOf } from "./via.ts"
import { fabricTable } from "./vpc-rules.ts"
import { emptyView } from "./vpc-view.ts"
import { Wiring } from "./wiring.ts"

export interface FabricOptions {
  readonly kernel: Kernel
  /** What becomes the fabric: nothing else may be routed in it. Default: the namespace of this process. */
  readonly namespace?: NetNamespace
  /** Folder where the namespaces of the hosts outside the VPC are bound. Default /run/netns. */
  readonly folder?: string
  /** From the moment an attachment to a running node is seen until its link appears there. Default 0. */
  readonly linkDelayMs?: number
  readonly clock?: Clock
  readonly logger?: Logger
}

/** Makes a namespace the VPC, with one host on the internet and one on premises. Needs CAP_NET_ADMIN in it. */
export async function createFabric(options: FabricOptions): Promise<Fabric> {
  const { kernel, namespace = kernel.host, folder = "/run/netns" } = options
  await using undo = new AsyncDisposableStack()
  let view = emptyView
  namespace.apply(baseChanges)
  const outside = { kernel, fabric: namespace, via: (source: string) => viaOf(view, source) }
  undo.use(
    await startOutsideHost({
      ...outside,
      link: links.internet,
      path: `${folder}/${links.internet}`,
      address: internetAddress,
      router: internetRouter,
    }),
  )
  undo.use(
    await startOutsideHost({
      ...outside,
      link: links.onPremises,
      path: `${folder}/${links.onPremises}`,
      address: onPremises.address,
      router: onPremises.router,
    }),
  )
  const nodes = new Map<string, string>()
  const logger = options.logger ?? silentLogger
  const wiring = new Wiring({ kernel, fabric: namespace, logger })
  const pace = undo.use(
    new Pace({
      clock: options.clock ?? systemClock,
      delayMs: options.linkDelayMs ?? 0,
      logger,
      pass: async (due) => {
        const interfaces = view.interfaces.filter((eni) => nodes.has(eni.instanceId) && due(eni))
        await wiring.apply({ ...view, interfaces }, nodes)
      },
    }),
  )
  await pace.run(view)
  undo.defer(() => namespace.nft(`delete table ${fabricTable}\n`))
  undo.defer(() => {
    nodes.clear()
    view = emptyView
    return pace.run(view)
  })
  const owned = undo.move()
  return {
    wired: true,
    addNode: ({ instanceId, namespace: path }) => {
      nodes.set(instanceId, path)
      return pace.run(view)
    },
    removeNode: (instanceId) => (nodes.delete(instanceId) ? pace.run(view) : Promise.resolve()),
    sync: (next) => {
      view = next
      return pace.run(view)
    },
    trace: (flow) => traceFlow(view, flow),
    state: async () =>
      stateOf({
        view,
        nodes: asNodes(nodes),
        stateOfInterface: (id) => (wiring.has(id) ? "wired" : "waiting"),
        table: await namespace.nftTable(...(fabricTable.split(" ") as [string, string])),
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const asNodes = (nodes: ReadonlyMap<string, string>): FabricNode[] =>
  [...nodes].map(([instanceId, namespace]) => ({ instanceId, namespace }))
