/** How long something has been superfluous, and the least of it since then. */
export interface Waiting {
  readonly since: number
  readonly least: number
}

/**
 * The slow half of the hysteresis: lets a surplus go only after it has lasted, and of it only what was superfluous all
 * the time. It lives for one decision; `memory` goes into the next.
 */
export class Patience {
  readonly memory = new Map<string, Waiting>()
  readonly #before: ReadonlyMap<string, Waiting>
  readonly #delayMs: number
  readonly #now: number

  constructor(before: ReadonlyMap<string, Waiting>, delayMs: number, now: number) {
    this.#before = before
    this.#delayMs = delayMs
    this.#now = now
  }

  /** The part of `amount` that has lasted, after which the wait begins anew; 0 while it has not. */
  lasting(key: string, amount: number): number {
    if (amount <= 0) return 0
    const { since, least } = this.#before.get(key) ?? { since: this.#now, least: amount }
    const lowest = Math.min(least, amount)
    const over = this.#now - since >= this.#delayMs
    this.memory.set(key, over ? { since: this.#now, least: amount } : { since, least: lowest })
    return over ? lowest : 0
  }

  /** When the first wait is over; undefined when nothing waits. */
  get nextAt(): number | undefined {
    const ends = [...this.memory.values()].map((entry) => entry.since + this.#delayMs)
    return ends.length > 0 ? Math.min(...ends) : undefined
  }
}
