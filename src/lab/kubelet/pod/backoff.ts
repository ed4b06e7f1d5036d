/** Restart delays of kubelet: 10 s, doubled up to 5 min, forgotten after 10 min of running. */
const firstMs = 10_000
const maxMs = 300_000
const forgetMs = 600_000

/** When a container that exited may start again. */
export class RestartBackoff {
  #stepMs = 0

  /** Delay before the next start, counted from the exit. The first restart is immediate. */
  next(ranForMs: number): number {
    if (ranForMs >= forgetMs) this.#stepMs = 0
    const delay = this.#stepMs
    this.#stepMs = this.#stepMs === 0 ? firstMs : Math.min(this.#stepMs * 2, maxMs)
    return delay
  }
}

/** kubelet tries a failed pod sync again after 10 s, up to half as much later (backOffPeriod, workerBackOffPeriodJitterFactor). */
export const syncRetryMs = (random: () => number, periodMs = 10_000): number =>
  periodMs * (1 + random() / 2)

/** While only the network plugin is missing it tries every second (backOffOnTransientErrorPeriod). */
export const networkRetryMs = 1_000
