import type { Clock } from "../../clock.ts"
import type { Logger } from "../../log.ts"
import { emptyView, type FabricInterface, type VpcView } from "./vpc-view.ts"

export interface PaceOptions {
  readonly clock: Clock
  readonly delayMs: number
  readonly logger: Logger
  /** One pass of the wiring over the interfaces that are `due`. Never called while another one runs. */
  readonly pass: (due: (eni: FabricInterface) => boolean) => Promise<void>
}

/** Runs passes one at a time, merges calls that overlap, and holds new interfaces back for their delay. */
export class Pace implements AsyncDisposable {
  readonly #options: PaceOptions
  /** When each attachment was first seen. */
  readonly #seen = new Map<string, number>()
  #view: VpcView = emptyView
  #running: Promise<void> = Promise.resolve()
  #queued: Promise<void> | undefined
  #alarm = new AbortController()

  constructor(options: PaceOptions) {
    this.#options = options
  }

  /** Resolves when a pass that began after this call has ended. */
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
    await (this.#queued ?? this.#running).catch(() => {})
    this.#alarm.abort()
  }

  async #once(): Promise<void> {
    const { clock, pass } = this.#options
    const now = clock.now()
    const current = new Set(this.#view.interfaces.map(attachmentOf))
    for (const key of this.#seen.keys()) if (!current.has(key)) this.#seen.delete(key)
    for (const key of current) if (!this.#seen.has(key)) this.#seen.set(key, now)
    const waits = this.#view.interfaces.map((eni) => this.#dueAt(eni) - now)
    this.#wakeIn(Math.min(...waits.filter((ms) => ms > 0)))
    await pass((eni) => this.#dueAt(eni) <= now)
  }

  /** An instance boots with its primary ENI: only those attached to it later come with a delay. */
  #dueAt(eni: FabricInterface): number {
    const seen = this.#seen.get(attachmentOf(eni)) ?? 0
    return eni.deviceIndex === 0 ? seen : seen + this.#options.delayMs
  }

  #wakeIn(ms: number): void {
    this.#alarm.abort()
    if (!Number.isFinite(ms)) return
    const alarm = new AbortController()
    this.#alarm = alarm
    this.#options.clock
      .sleep(ms, alarm.signal)
      .then(() => this.run(this.#view))
      .catch((error: unknown) => {
        if (!alarm.signal.aborted)
          this.#options.logger.error("the fabric is not wired", { error: String(error) })
      })
  }
}

const attachmentOf = (eni: FabricInterface) => `${eni.id} ${eni.instanceId}`
