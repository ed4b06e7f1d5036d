import type { Clock } from "../clock.ts"

/** Calls back at the earliest of the times it was set to; one timer however often it is set. */
export class Alarm implements Disposable {
  readonly #clock: Clock
  readonly #ring: () => void
  #pending: { at: number; cancel: AbortController } | undefined
  #disposed = false

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** `at` in ms since the epoch; undefined or infinite sets nothing. */
  set(at: number | undefined): void {
    if (at === undefined || at === Number.POSITIVE_INFINITY || this.#disposed) return
    if (this.#pending && this.#pending.at <= at) return
    this.clear()
    const cancel = new AbortController()
    this.#pending = { at, cancel }
    this.#clock.sleep(Math.max(0, at - this.#clock.now()), cancel.signal).then(
      () => {
        this.#pending = undefined
        this.#ring()
      },
      () => {},
    )
  }

  clear(): void {
    this.#pending?.cancel.abort()
    this.#pending = undefined
  }

  [Symbol.dispose]() {
    this.#disposed = true
    this.clear()
  }
}
