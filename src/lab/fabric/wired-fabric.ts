import { type Clock, systemClock } from "../../clock.ts"
import type { Kernel, NetNamespace } from "../../kernel/kernel.ts"
import { type Logger, silentLogger } from "../../log.ts"
import { internetAddress, internetRouter, onPremises } from "./addresses.ts"
import type { Fabric, FabricNode } from "./fabric.ts"
import { stateOf } from "./fabric-state.ts"
import { links } from "./far-end.ts"
import { startOutsideHost } from "./outside-host.ts"
import { baseChanges } from "./plan-routing.ts"
import { traceFlow } from "./trace-flow.ts"
import { viaOf } from "./via.ts"
import { fabricTable } from "./vpc-rules.ts"
import { emptyView, type FabricInterface, type VpcView } from "./vpc-view.ts"
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
  const wiring = new Wiring({ kernel, fabric: namespace, logger: options.logger ?? silentLogger })
  const pace = undo.use(
    new Pace(options, async (due) => {
      const interfaces = view.interfaces.filter((eni) => nodes.has(eni.instanceId) && due(eni))
      await wiring.apply({ ...view, interfaces }, nodes)
    }),
  )
  await pace.run(view)
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
    [Symbol.asyncDispose]: async () => {
      view = emptyView
      nodes.clear()
      await pace.run(view)
      await owned.disposeAsync()
      await namespace.nft(`delete table ${fabricTable}\n`)
    },
  }
}

const asNodes = (nodes: ReadonlyMap<string, string>): FabricNode[] =>
  [...nodes].map(([instanceId, namespace]) => ({ instanceId, namespace }))

/** Runs the wiring one pass at a time, merges calls that overlap, and holds new links back for their delay. */
class Pace implements AsyncDisposable {
  readonly #clock: Clock
  readonly #delayMs: number
  readonly #logger: Logger
  readonly #pass: (due: (eni: FabricInterface) => boolean) => Promise<void>
  readonly #seen = new Map<string, number>()
  #view = emptyView
  #running: Promise<void> = Promise.resolve()
  #queued: Promise<void> | undefined
  #alarm = new AbortController()

  constructor(
    options: FabricOptions,
    pass: (due: (eni: FabricInterface) => boolean) => Promise<void>,
  ) {
    this.#clock = options.clock ?? systemClock
    this.#delayMs = options.linkDelayMs ?? 0
    this.#logger = options.logger ?? silentLogger
    this.#pass = pass
  }

  run(view: VpcView): Promise<void> {
    this.#view = view
    this.#queued ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#queued = undefined
        this.#running = this.#once()
        return this.#running
      })
    return this.#queued
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#alarm.abort()
    await this.#running.catch(() => {})
  }

  async #once(): Promise<void> {
    const now = this.#clock.now()
    const current = new Set(this.#view.interfaces.map(keyOf))
    for (const key of this.#seen.keys()) if (!current.has(key)) this.#seen.delete(key)
    const waits = this.#view.interfaces.map((eni) => {
      const key = keyOf(eni)
      const seen = this.#seen.get(key) ?? now
      this.#seen.set(key, seen)
      return this.#dueAt(eni) - now
    })
    this.#wakeIn(Math.min(...waits.filter((wait) => wait > 0)))
    await this.#pass((eni) => this.#dueAt(eni) <= now)
  }

  /** An instance boots with its primary ENI: only those attached to it later come with a delay. */
  #dueAt(eni: FabricInterface): number {
    const seen = this.#seen.get(keyOf(eni)) ?? 0
    return eni.deviceIndex === 0 ? seen : seen + this.#delayMs
  }

  #wakeIn(ms: number): void {
    this.#alarm.abort()
    if (!Number.isFinite(ms)) return
    this.#alarm = new AbortController()
    this.#clock
      .sleep(ms, this.#alarm.signal)
      .then(() => this.run(this.#view))
      .catch((error: unknown) => {
        if ((error as Error).name !== "AbortError")
          this.#logger.error("fabric not wired", { error: String(error) })
      })
  }
}

const keyOf = (eni: FabricInterface) => `${eni.id} ${eni.instanceId}`
