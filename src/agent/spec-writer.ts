import { isDeepStrictEqual } from "node:util"
import type { Node } from "../api/core.ts"
import type { OwnerReference } from "../api/meta.ts"
import type { NodeNetwork, NodeNetworkSpec } from "../api/nodenetwork.ts"
import { nodeNetworks } from "../api/resources.ts"
import { backoff } from "../kube/backoff.ts"
import { KubeError } from "../kube/kube.ts"
import type { AgentMetrics } from "./agent-metrics.ts"
import type { KubeDeps } from "./node-objects.ts"

export interface SpecWriterOptions extends KubeDeps {
  nodeName: string
  metrics: AgentMetrics
  /** What spec should be now; undefined while that is not known. */
  build: () => Promise<NodeNetworkSpec | undefined>
  /** Owner of the object, so that it goes with the node. */
  owner: () => Node | undefined
  written: (object: NodeNetwork) => void
  /** A write failed, or its answer was lost. */
  failed: () => void
}

/** Pods are bound in bursts: one write for those of the same moment. */
const gatherMs = 20
/** For changes that ask for nothing, such as a pod that now holds what it waited for. */
const lazyMs = 1_000

/** Writes NodeNetwork.spec when it changes; at once when it asks for more, within a second otherwise. */
export class SpecWriter {
  readonly #o: SpecWriterOptions
  #known: { generation: number; spec: NodeNetworkSpec; owners: unknown } | undefined
  #inDoubt = false
  #wake = Promise.withResolvers<void>()
  /** Ends when the signal aborts; never rejects. */
  readonly done: Promise<void>

  constructor(o: SpecWriterOptions) {
    this.#o = o
    this.done = this.#run()
  }

  /** Something that spec is made of may have changed. */
  changed(): void {
    this.#wake.resolve()
  }

  /** What a watch shows: undefined when the object is gone, or another spec when someone edited it. */
  observe(object: NodeNetwork | undefined): void {
    const generation = object?.metadata.generation ?? 0
    if (!object) this.#known = undefined
    else if (generation > (this.#known?.generation ?? -1)) {
      const { ownerReferences: owners = [] } = object.metadata
      this.#known = { generation, spec: object.spec, owners }
    }
    this.changed()
  }

  async #run() {
    const { signal, clock, random, log, metrics } = this.#o
    const retry = backoff({ baseMs: 100, maxMs: 30_000, random })
    const sleep = (ms: number) => clock.sleep(ms, signal).catch(() => {})
    signal.addEventListener("abort", () => this.changed(), { once: true })
    let lazyAt: number | undefined
    for (;;) {
      const waits = [this.#wake.promise]
      if (lazyAt !== undefined) waits.push(sleep(lazyAt - clock.now()))
      await Promise.race(waits)
      await sleep(gatherMs)
      if (signal.aborted) return
      this.#wake = Promise.withResolvers<void>()
      try {
        lazyAt = await this.#bringUpToDate(lazyAt)
        retry.reset()
      } catch (error) {
        metrics.berth_spec_writes_total.inc({ result: "error" })
        // It may have been carried out all the same. Only an answered write tells what the API server has.
        this.#inDoubt = true
        this.#o.failed()
        const waitMs = retry.next()
        log.warn("NodeNetwork.spec not written", { error: (error as Error).message, waitMs })
        await sleep(waitMs)
        this.changed()
      }
    }
  }

  /** Writes if that is due; else says when it will be. */
  async #bringUpToDate(lazyAt: number | undefined): Promise<number | undefined> {
    const { clock, metrics } = this.#o
    const spec = await this.#o.build()
    if (!spec) return undefined
    const { spec: known, owners } = this.#known ?? {}
    const isUrgent = this.#inDoubt || !isDeepStrictEqual(owners, this.#owners())
    if (!isUrgent && isDeepStrictEqual(spec, known)) return undefined
    const dueAt = isUrgent || asksForMore(known, spec) ? 0 : (lazyAt ?? clock.now() + lazyMs)
    if (clock.now() < dueAt) return dueAt
    await this.#write(spec)
    this.#inDoubt = false
    metrics.berth_spec_writes_total.inc({ result: "ok" })
    return undefined
  }

  async #write(spec: NodeNetworkSpec) {
    const { kube, nodeName } = this.#o
    const object = await this.#patch(spec).catch((error: unknown) => {
      if (!(error instanceof KubeError && error.status === 404)) throw error
      return kube.create(nodeNetworks, this.#newObject(nodeName, spec))
    })
    // As sent, not as answered: a schema that adds or drops something must not make this write for ever.
    const { generation = 0 } = object.metadata
    this.#known = { generation, spec, owners: this.#owners() }
    this.#o.written(object)
  }

  #patch(spec: NodeNetworkSpec): Promise<NodeNetwork> {
    const { kube, nodeName } = this.#o
    // A merge patch would keep members that the new spec no longer has.
    const body = [
      { op: "add", path: "/spec", value: spec },
      { op: "add", path: "/metadata/ownerReferences", value: this.#owners() },
    ]
    return kube.patch(nodeNetworks, { name: nodeName }, { type: "json", body })
  }

  #newObject(name: string, spec: NodeNetworkSpec): NodeNetwork {
    const metadata = { name, ownerReferences: this.#owners() }
    return { apiVersion: "berth.dev/v1alpha1", kind: "NodeNetwork", metadata, spec }
  }

  /**
   * The Node as it is now. An object may be left of a former node with the same name, as after an instance that follows
   * another at its address; garbage collection would remove it with its former owner, in the middle of its work.
   */
  #owners(): OwnerReference[] {
    const { name, uid } = this.#o.owner()?.metadata ?? {}
    return name && uid ? [{ apiVersion: "v1", kind: "Node", name, uid }] : []
  }
}

/** Whether `next` wants more than `known` of any placement, or differs in anything but the counts. */
export function asksForMore(known: NodeNetworkSpec | undefined, next: NodeNetworkSpec): boolean {
  if (!known) return true
  const { demand: before, ...rest } = known
  const { demand: after, ...nextRest } = next
  if (!isDeepStrictEqual(rest, nextRest)) return true
  const wanted = new Map(before.map((d) => [d.placement, d.inUse + d.waiting]))
  if (after.some((d) => d.inUse + d.waiting > (wanted.get(d.placement) ?? 0))) return true
  const asked = waitingIn(before)
  return [...waitingIn(after)].some((pod) => !asked.has(pod))
}

const waitingIn = (demand: NodeNetworkSpec["demand"]): Set<string> =>
  new Set(demand.flatMap((d) => (d.claims ?? []).filter((c) => !c.held).map((c) => c.pod)))
