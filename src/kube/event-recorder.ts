import type { Event } from "../api/core.ts"
import type { KubeObject, ObjectReference } from "../api/meta.ts"
import { events } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import type { Logger } from "../log.ts"
import type { Kube } from "./kube.ts"

export interface Occurrence {
  /** The object that users look at. */
  regarding: KubeObject | ObjectReference
  type: "Normal" | "Warning"
  /** UpperCamelCase, stable. */
  reason: string
  /** What was being done, UpperCamelCase. */
  action: string
  note: string
}

export interface RecorderOptions {
  kube: Kube
  clock: Clock
  log: Logger
  /** Such as berth.dev/controller. */
  controller: string
  /** The pod that reports. */
  instance: string
}

/** A repetition within this time continues a series instead of making a new Event object. */
const seriesMs = 6 * 60_000
/** A series is written this often at most. */
const seriesWriteMs = 30_000
/** Per object: a burst, then one event per refill. client-go uses the same figures. */
const burst = 25
const refillMs = (5 * 60_000) / burst
/** Series and objects remembered; waiting writes. The oldest are dropped first. */
const memoryLimit = 5_000
const queueLimit = 500
/** events.k8s.io/v1 refuses longer notes. */
const noteLimit = 1024

interface Series {
  name: string
  namespace: string
  count: number
  lastAt: number
  writtenAt: number
}

/**
 * Records events.k8s.io/v1 Events on objects. Recording never fails or waits: what cannot be written is dropped and
 * logged, repetitions are counted on the first Event, and each object has a rate limit.
 */
export class EventRecorder {
  readonly #options: RecorderOptions
  readonly #series = new Map<string, Series>()
  readonly #budgets = new Map<string, { tokens: number; at: number }>()
  readonly #queue: (() => Promise<unknown>)[] = []
  #writing: Promise<void> | undefined
  #serial = 0

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  record(occurrence: Occurrence): void {
    const now = this.#options.clock.now()
    const regarding = referenceTo(occurrence.regarding)
    const key = [
      regarding.kind,
      regarding.uid ?? regarding.name,
      occurrence.reason,
      occurrence.note,
    ].join("\n")
    const known = this.#series.get(key)
    if (known && now - known.lastAt < seriesMs) {
      this.#repeat(known, now)
      return
    }
    if (!this.#admit(`${regarding.kind}/${regarding.namespace ?? ""}/${regarding.name}`, now))
      return
    const event = this.#newEvent(occurrence, regarding, now)
    const { name, namespace = "default" } = event.metadata
    remember(this.#series, key, { name, namespace, count: 1, lastAt: now, writtenAt: now })
    this.#enqueue(() => this.#options.kube.create(events, event))
  }

  /** Resolves when everything recorded so far is written or dropped. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  #repeat(series: Series, now: number): void {
    series.count++
    series.lastAt = now
    if (series.count > 2 && now - series.writtenAt < seriesWriteMs) return
    series.writtenAt = now
    const { name, namespace, count } = series
    const body = { series: { count, lastObservedTime: microTime(now) } }
    this.#enqueue(() =>
      this.#options.kube.patch(events, { name, namespace }, { type: "merge", body }),
    )
  }

  #admit(object: string, now: number): boolean {
    const known = this.#budgets.get(object) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, known.tokens + (now - known.at) / refillMs)
    remember(this.#budgets, object, { tokens: Math.max(0, tokens - 1), at: now })
    return tokens >= 1
  }

  #newEvent(occurrence: Occurrence, regarding: ObjectReference, now: number): Event {
    const { controller, instance } = this.#options
    const { type, reason, action, note } = occurrence
    const suffix = `${now.toString(16)}${(this.#serial++ % 4096).toString(16).padStart(3, "0")}`
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: {
        name: `${regarding.name.slice(0, 220)}.${suffix}`,
        // Events on cluster-scoped objects live in "default" (kubectl describe looks there).
        namespace: regarding.namespace ?? "default",
      },
      eventTime: microTime(now),
      regarding,
      type,
      reason,
      action,
      note: note.length > noteLimit ? `${note.slice(0, noteLimit - 1)}…` : note,
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
    }
  }

  #enqueue(write: () => Promise<unknown>): void {
    if (this.#queue.length >= queueLimit) {
      this.#options.log.warn("events are dropped: too many wait to be written")
      return
    }
    this.#queue.push(write)
    this.#writing ??= this.#drain()
  }

  async #drain(): Promise<void> {
    for (let write = this.#queue.shift(); write; write = this.#queue.shift()) {
      await write().catch((error: Error) => {
        this.#options.log.warn("an event could not be written", { error: error.message })
      })
    }
    this.#writing = undefined
  }
}

/** Keeps the map within the limit by dropping what was set longest ago. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= memoryLimit) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}

function referenceTo(object: KubeObject | ObjectReference): ObjectReference {
  if (!("metadata" in object)) return object
  const { name, namespace, uid } = object.metadata
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
  }
}

/** metav1.MicroTime. */
const microTime = (ms: number) => new Date(ms).toISOString().replace("Z", "000Z")
