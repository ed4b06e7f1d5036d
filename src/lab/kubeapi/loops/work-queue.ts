import type { Logger } from "../../../log.ts"

/** Runs `work` on each key once however often it was added since its last run, one after another, off the caller's stack. */
export class WorkQueue implements Disposable {
  readonly #keys = new Set<string>()
  readonly #work: (key: string) => Promise<void>
  readonly #log: Logger
  #running = false
  #stopped = false

  constructor(work: (key: string) => Promise<void>, log: Logger) {
    this.#work = work
    this.#log = log
  }

  add(key: string): void {
    if (this.#stopped) return
    this.#keys.add(key)
    if (this.#running) return
    this.#running = true
    setImmediate(() => void this.#drain())
  }

  async #drain(): Promise<void> {
    for (const key of this.#keys) {
      if (this.#stopped) break
      this.#keys.delete(key)
      try {
        await this.#work(key)
      } catch (error) {
        this.#log.warn("a control loop of the API server failed", { key, error: String(error) })
      }
    }
    this.#running = false
  }

  [Symbol.dispose](): void {
    this.#stopped = true
    this.#keys.clear()
  }
}
