import type { Event, Pod } from "../../src/api/core.ts"
import { events, pods } from "../../src/api/resources.ts"
import { systemClock } from "../../src/clock.ts"
import { Informer } from "../../src/kube/informer.ts"
import type { Kube } from "../../src/kube/kube.ts"
import { silentLogger } from "../../src/log.ts"
import { until } from "./node-under-test.ts"

const namespace = "default"

/** Pods on one node, and when each showed an address. */
export class Pods {
  readonly #kube: Kube
  readonly #node: string
  readonly #informer: Informer<Pod>
  readonly #events: Informer<Event>
  /** By pod: ms since the epoch. */
  readonly addressedAt = new Map<string, number>()
  /** By object and reason, when an event was first seen. */
  readonly #toldAt = new Map<string, number>()

  constructor(kube: Kube, node: string, signal: AbortSignal) {
    this.#kube = kube
    this.#node = node
    const common = { kube, clock: systemClock, random: Math.random, log: silentLogger, signal }
    const query = { namespace, fieldSelector: `spec.nodeName=${node}` }
    this.#informer = new Informer<Pod>({ ...common, resource: pods, query })
    this.#informer.onChange(({ object, previous }) => {
      const name = (object ?? previous)?.metadata.name ?? ""
      if (!object) this.addressedAt.delete(name)
      else if (object.status?.podIP && !this.addressedAt.has(name))
        this.addressedAt.set(name, Date.now())
    })
    this.#events = new Informer<Event>({ ...common, resource: events })
    this.#events.onChange(({ object }) => {
      if (!object) return
      const key = `${object.regarding.kind}/${object.regarding.name} ${object.reason}`
      if (!this.#toldAt.has(key)) this.#toldAt.set(key, Date.now())
    })
  }

  async synced(): Promise<this> {
    await Promise.all([this.#informer.synced(), this.#events.synced()])
    return this
  }

  /** Creates pods that are bound already, all at once. */
  async create(prefix: string, count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`)
    await Promise.all(names.map((name) => this.#kube.create(pods, this.#pod(name))))
    return names
  }

  async remove(names: readonly string[]): Promise<void> {
    const one = (name: string) =>
      this.#kube.remove(pods, { name, namespace }, { gracePeriodSeconds: 1 })
    await Promise.all(names.map(one))
    const gone = () => names.every((name) => this.#informer.get(name, namespace).state === "absent")
    await until(`${names.length} pods go`, 60_000, gone)
  }

  /** Resolves to the time at which the last of them had an address. */
  async addressed(names: readonly string[], ms: number): Promise<number> {
    const missing = () => names.filter((name) => !this.addressedAt.has(name))
    await until(`${names.length} pods have addresses`, ms, () => missing().length === 0).catch(
      (error: Error) => {
        throw new Error(
          `${error.message}: ${missing().join(", ")} have none; ${this.#lastEvents()}`,
        )
      },
    )
    return Math.max(...names.map((name) => this.addressedAt.get(name) ?? Number.NaN))
  }

  addressOf(name: string): string {
    const read = this.#informer.get(name, namespace)
    return read.state === "known" ? (read.object.status?.podIP ?? "") : ""
  }

  /** Events that the kubelet wrote about sandboxes that it could not make. */
  failedSandboxes(): number {
    return this.#events
      .list()
      .filter((e) => e.reason === "FailedCreatePodSandBox")
      .reduce((sum, e) => sum + (e.series?.count ?? 1), 0)
  }

  #lastEvents(): string {
    const lines = this.#events.list().map((e) => `${e.regarding.name}: ${e.reason}: ${e.note}`)
    return `last events:\n${lines.slice(-10).join("\n")}`
  }

  toldAt(object: string, reason: string): number | undefined {
    return this.#toldAt.get(`${object} ${reason}`)
  }

  #pod(name: string): Pod {
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace },
      spec: {
        nodeName: this.#node,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: "whoami", image: "registry.example/whoami:1" }],
      },
    }
  }
}
