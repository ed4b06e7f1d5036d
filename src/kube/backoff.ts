/** Exponential back-off with full jitter over the upper half: wait between half of the step and the step. */
export interface Backoff {
  /** The next wait in milliseconds. */
  next(): number
  reset(): void
}

export function backoff(options: {
  baseMs: number
  maxMs: number
  /** 0 <= x < 1. */
  random: () => number
}): Backoff {
  let step = options.baseMs
  return {
    next() {
      const wait = step * (0.5 + options.random() / 2)
      step = Math.min(step * 2, options.maxMs)
      return Math.round(wait)
    },
    reset() {
      step = options.baseMs
    },
  }
}
