import type { KubeObject } from "../api/meta.ts"
import type { Resource } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import type { Logger } from "../log.ts"
import { backoff } from "./backoff.ts"
import { type Kube, KubeError, type ListQuery, type WatchEvent } from "./kube.ts"
import { keyOf, keyOfObject } from "./resource-path.ts"

/**
 * What a read of a cache knows. "unsynced" is not "absent": the caller must wait, never guess.
 * While the watch is broken for longer than `staleAfterMs`, an object that is missing reads as "unsynced" as well.
 */
export type Lookup<T> =
  | { readonly state: "known"; readonly object: T }
  | { readonly state: "absent" }
  | { readonly state: "unsynced"; readonly why: string }

export interface Change<T> {
  readonly key: string
  /** Undefined: the object is gone. */
  readonly object: T | undefined
  /** Undefined: the object is new. */
  readonly previous: T | undefined
}

/** Called in the turn of the change; it only marks work (a queue key, a flag) and must not throw. */
export type OnChange<T> = (change: Change<T>) => void

export type InformerState = "starting" | "synced" | "stale"

export interface InformerOptions<T extends KubeObject> {
  kube: Kube
  resource: Resource<T>
  query?: ListQuery
  clock: Clock
  /** 0 <= x < 1. */
  random: () => number
  log: Logger
  signal: AbortSignal
  /** What is kept of an object; drops fields that nobody reads (managedFields are always dropped). */
  trim?: (object: T) => T
  /** A broken watch makes reads of missing objects uncertain after this long. */
  staleAfterMs?: number
  /** A watch without any event or end for this long is taken for dead. */
  silenceMs?: number
}

/** Longer than the longest watch that clientKube asks for, so that only dead connections meet it. */
const defaultSilenceMs = 500_000
const defaultStaleAfterMs = 30_000
/** In place of the time of the last event: the watchdog gave the connection up. */
const silent = -1

/**
 * A supervised list and watch: every failure is followed by another try with jittered back-off, until the signal ends
 * it. It resumes from the last seen version, and lists anew when the server has forgotten that version (410).
 */
export class Informer<T extends KubeObject> {
  readonly #options: InformerOptions<T>
  readonly #objects = new Map<string, T>()
  readonly #listeners = new Set<OnChange<T>>()
  readonly #firstSync = Promise.withResolvers<void>()
  #resourceVersion: string | undefined
  #listed = false
  /** When the watch broke; undefined while it runs. */
  #brokenSince: number | undefined
  #lastError = "the first list is under way"
  /** Ends when the signal aborts; never rejects. */
  readonly done: Promise<void>

  constructor(options: InformerOptions<T>) {
    this.#options = options
    this.#firstSync.promise.catch(() => {})
    this.done = this.#supervise()
  }

  get state(): InformerState {
    if (!this.#listed) return "starting"
    return this.#uncertain() ? "stale" : "synced"
  }

  /** The last failure, for messages; meaningful while not "synced". */
  get lastError(): string {
    return this.#lastError
  }

  /** Resolves after the first complete list; rejects when the signal aborts before. */
  synced(): Promise<void> {
    return this.#firstSync.promise
  }

  get(name: string, namespace?: string): Lookup<T> {
    const object = this.#objects.get(keyOf(name, namespace))
    if (object) return { state: "known", object }
    const what = `${this.#options.resource.kind} ${keyOf(name, namespace)}`
    if (!this.#listed) return { state: "unsynced", why: `${what}: ${this.#lastError}` }
    if (this.#uncertain())
      return {
        state: "unsynced",
        why: `${what}: no news since the watch broke: ${this.#lastError}`,
      }
    return { state: "absent" }
  }

  /** Every cached object, in no order. The objects are shared: do not change them. */
  list(): T[] {
    return [...this.#objects.values()]
  }

  get size(): number {
    return this.#objects.size
  }

  /** Calls back for every later change, and at once for every object known already. Returns the unsubscriber. */
  onChange(listener: OnChange<T>): () => void {
    this.#listeners.add(listener)
    for (const [key, object] of this.#objects) listener({ key, object, previous: undefined })
    return () => this.#listeners.delete(listener)
  }

  #uncertain(): boolean {
    const limit = this.#options.staleAfterMs ?? defaultStaleAfterMs
    return this.#brokenSince !== undefined && this.#options.clock.now() - this.#brokenSince > limit
  }

  async #supervise(): Promise<void> {
    const { clock, random, signal, log, resource } = this.#options
    const retry = backoff({ baseMs: 200, maxMs: 30_000, random })
    while (!signal.aborted) {
      try {
        await this.#listIfNeeded()
        await this.#watchOnce(() => retry.reset())
        // The server ended the watch, as it does every few minutes: go on from where it ended.
        continue
      } catch (error) {
        if (signal.aborted) break
        if (error instanceof KubeError && error.status === 410) this.#resourceVersion = undefined
        this.#broke(error)
      }
      const waitMs = retry.next()
      log.warn("watch broke off", { resource: resource.plural, error: this.#lastError, waitMs })
      await clock.sleep(waitMs, signal).catch(() => {})
    }
    this.#firstSync.reject(signal.reason)
  }

  #broke(error: unknown): void {
    this.#lastError = (error as Error).message
    this.#brokenSince ??= this.#options.clock.now()
  }

  async #listIfNeeded(): Promise<void> {
    if (this.#resourceVersion !== undefined) return
    const { kube, resource, query } = this.#options
    const { items, resourceVersion } = await kube.list(resource, query)
    const listed = new Set<string>()
    for (const item of items) listed.add(this.#put(item))
    for (const key of [...this.#objects.keys()]) if (!listed.has(key)) this.#drop(key)
    this.#resourceVersion = resourceVersion
    this.#listed = true
    this.#brokenSince = undefined
    this.#firstSync.resolve()
  }

  /** Watches until the server ends the connection. `onEvent` tells that the connection works. */
  async #watchOnce(onEvent: () => void): Promise<void> {
    const { kube, resource, query, clock, signal } = this.#options
    const stop = new AbortController()
    const ended = AbortSignal.any([signal, stop.signal])
    const openedAt = clock.now()
    const heard = { at: openedAt, events: 0 }
    void this.#guard(heard, stop)
    try {
      const resourceVersion = this.#resourceVersion ?? ""
      for await (const event of kube.watch(resource, {
        ...query,
        resourceVersion,
        signal: ended,
      })) {
        heard.at = clock.now()
        heard.events++
        this.#brokenSince = undefined
        if (event.type !== "BOOKMARK") onEvent()
        this.#apply(event)
      }
    } finally {
      stop.abort(new Error("the watch is over"))
    }
    if (heard.at === silent) {
      // A dead connection, or a server without bookmarks: only a list tells which.
      this.#resourceVersion = undefined
      throw new KubeError(0, "Unreachable", "the watch fell silent")
    }
    // An API server that accepts watches and ends them at once must not be asked in a tight loop.
    if (heard.events <= 1 && clock.now() - openedAt < 1000)
      throw new KubeError(0, "Unreachable", "the watch ended at once")
    this.#brokenSince = undefined
  }

  /** Read-idle watchdog: a connection can die without a word, and then no error ever comes. */
  async #guard(heard: { at: number }, stop: AbortController): Promise<void> {
    const { clock, silenceMs = defaultSilenceMs } = this.#options
    try {
      for (;;) {
        const leftMs = heard.at + silenceMs - clock.now()
        if (leftMs <= 0) break
        await clock.sleep(leftMs, stop.signal)
      }
    } catch {
      return
    }
    heard.at = silent
    stop.abort(new KubeError(0, "Unreachable", "the watch fell silent"))
  }

  #apply(event: WatchEvent<T>): void {
    const version = event.object.metadata.resourceVersion
    if (event.type === "DELETED") this.#drop(keyOfObject(event.object))
    else if (event.type !== "BOOKMARK") this.#put(event.object)
    if (version) this.#resourceVersion = version
  }

  #put(object: T): string {
    const key = keyOfObject(object)
    const previous = this.#objects.get(key)
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion && previous)
      return key
    delete (object.metadata as { managedFields?: unknown }).managedFields
    const kept = this.#options.trim?.(object) ?? object
    this.#objects.set(key, kept)
    this.#tell({ key, object: kept, previous })
    return key
  }

  #drop(key: string): void {
    const previous = this.#objects.get(key)
    if (!previous) return
    this.#objects.delete(key)
    this.#tell({ key, object: undefined, previous })
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change)
  }
}
