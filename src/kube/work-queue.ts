import type { Clock } from "../clock.ts"
import { type Backoff, backoff } from "./backoff.ts"

export interface WorkQueueOptions {
  clock: Clock
  /** 0 <= x < 1. */
  random: () => number
  /** Keys worked on at the same time; one key is never worked on twice at once. */
  concurrency: number
  /** Keys waiting at most; further ones are refused (and counted), so the owner must also resync now and then. */
  limit: number
  /** Wait after the first failure of a key; doubles up to `retryMaxMs`. */
  retryBaseMs?: number
  retryMaxMs?: number
  signal: AbortSignal
  /** Does the work of a key. Resolves with a delay in ms after which the key is due again, or undefined. */
  work: (key: string, signal: AbortSignal) => Promise<number | undefined>
  /** Told of every failure, before the key is queued again with back-off. */
  onError: (key: string, error: unknown, retryInMs: number) => void
}

/**
 * Keys that want work. A key is held once however often it is added; one that is added while it is worked on runs
 * once more afterwards. Failures are repeated with a back-off of their own per key.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #ready = new Set<string>()
  readonly #running = new Set<string>()
  /** Keys added while they run. */
  readonly #again = new Set<string>()
  readonly #timers = new Map<string, { at: number; cancel: AbortController }>()
  readonly #failures = new Map<string, Backoff>()
  readonly #tasks = new Set<Promise<void>>()
  #refused = 0

  constructor(options: WorkQueueOptions) {
    this.#options = options
  }

  /** Keys waiting now, due or not. */
  get depth(): number {
    return this.#ready.size + this.#again.size + this.#timers.size
  }

  get running(): number {
    return this.#running.size
  }

  /** Keys refused because the queue was full. */
  get refused(): number {
    return this.#refused
  }

  /** Marks the key as due now. False when the queue is full or stopped. */
  add(key: string): boolean {
    if (this.#options.signal.aborted) return false
    if (this.#running.has(key)) {
      this.#again.add(key)
      return true
    }
    if (!this.#ready.has(key) && this.#ready.size >= this.#options.limit) {
      this.#refused++
      return false
    }
    this.#cancelTimer(key)
    this.#ready.add(key)
    this.#dispatch()
    return true
  }

  /** Marks the key as due in `ms`; an earlier time already set stays. */
  addAfter(key: string, ms: number): void {
    const { clock, signal } = this.#options
    if (ms <= 0) {
      this.add(key)
      return
    }
    const at = clock.now() + ms
    const known = this.#timers.get(key)
    if (this.#ready.has(key) || (known && known.at <= at) || signal.aborted) return
    this.#cancelTimer(key)
    const cancel = new AbortController()
    this.#timers.set(key, { at, cancel })
    clock.sleep(ms, AbortSignal.any([cancel.signal, signal])).then(
      () => {
        if (this.#timers.get(key)?.cancel === cancel) {
          this.#timers.delete(key)
          this.add(key)
        }
      },
      () => {},
    )
  }

  /** Drops what is known of the key: its object is gone. A run under way ends normally. */
  forget(key: string): void {
    this.#cancelTimer(key)
    this.#ready.delete(key)
    this.#again.delete(key)
    this.#failures.delete(key)
  }

  /** Resolves when no key is being worked on; call it after aborting the signal. */
  async drained(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks)
  }

  #cancelTimer(key: string): void {
    this.#timers.get(key)?.cancel.abort()
    this.#timers.delete(key)
  }

  #dispatch(): void {
    const { concurrency, signal } = this.#options
    for (const key of this.#ready) {
      if (this.#running.size >= concurrency || signal.aborted) return
      this.#ready.delete(key)
      this.#running.add(key)
      const task = this.#run(key)
      this.#tasks.add(task)
      task.finally(() => this.#tasks.delete(task)).catch(() => {})
    }
  }

  async #run(key: string): Promise<void> {
    const { work, signal } = this.#options
    try {
      const dueInMs = await work(key, signal)
      this.#failures.delete(key)
      this.#finish(key)
      if (dueInMs !== undefined) this.addAfter(key, dueInMs)
    } catch (error) {
      this.#finish(key)
      if (signal.aborted) return
      const waitMs = this.#failure(key).next()
      this.#options.onError(key, error, waitMs)
      this.addAfter(key, waitMs)
    }
  }

  #finish(key: string): void {
    this.#running.delete(key)
    if (this.#again.delete(key)) this.add(key)
    this.#dispatch()
  }

  #failure(key: string): Backoff {
    let known = this.#failures.get(key)
    if (!known) {
      const { retryBaseMs = 500, retryMaxMs = 60_000, random } = this.#options
      known = backoff({ baseMs: retryBaseMs, maxMs: retryMaxMs, random })
      this.#failures.set(key, known)
    }
    return known
  }
}
