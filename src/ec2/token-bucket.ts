import type { CallPriority } from "./ec2.ts"
import type { Bucket } from "./rate-classes.ts"

/**
 * The part of the bucket that a priority leaves untouched, so that a burst of pods finds tokens where audits and
 * releases have been busy.
 */
const floors: Readonly<Record<CallPriority, number>> = {
  allocate: 0,
  refill: 0.1,
  release: 0.25,
  audit: 0.5,
}

/** With a pace of 1/64 the slowest action still makes a call in a minute. */
const paceMin = 1 / 64
/** From the slowest pace back to the full one. */
const recoveryMs = 60_000

/** A token bucket whose pace halves with every throttling by EC2 and recovers over a minute. Time is passed in. */
export class TokenBucket {
  readonly #size: number
  readonly #refillPerSecond: number
  #tokens: number
  #at: number
  #pace = 1
  #throttledAt = Number.NEGATIVE_INFINITY

  constructor(limits: Bucket, now: number) {
    this.#size = limits.size
    this.#refillPerSecond = limits.refillPerSecond
    this.#tokens = limits.size
    this.#at = now
  }

  /** How long until a call of this priority may be made, as things stand; 0 = now. */
  waitMs(priority: CallPriority, now: number): number {
    this.#refill(now)
    const needed = 1 + Math.floor(this.#size * floors[priority]) - this.#tokens
    if (needed <= 1e-9) return 0
    return Math.max(1, (needed / (this.#refillPerSecond * this.#pace)) * 1000)
  }

  take(now: number): void {
    this.charge(1, now)
  }

  /** Takes tokens that may not be there: the debt is paid by waiting. */
  charge(tokens: number, now: number): void {
    this.#refill(now)
    this.#tokens = Math.max(-this.#size, this.#tokens - tokens)
  }

  /** EC2's bucket is emptier than this one: start from nothing, more slowly. */
  throttled(now: number): void {
    this.#refill(now)
    this.#tokens = Math.min(this.#tokens, 0)
    // Calls that were under way together are throttled together: that is one sign, not many.
    if (now - this.#throttledAt < 1000) return
    this.#throttledAt = now
    this.#pace = Math.max(paceMin, this.#pace / 2)
  }

  state(now: number): { tokens: number; size: number; refillPerSecond: number; pace: number } {
    this.#refill(now)
    return {
      tokens: this.#tokens,
      size: this.#size,
      refillPerSecond: this.#refillPerSecond,
      pace: this.#pace,
    }
  }

  #refill(now: number): void {
    const elapsed = Math.max(0, now - this.#at)
    const gained = (elapsed / 1000) * this.#refillPerSecond * this.#pace
    this.#tokens = Math.min(this.#size, this.#tokens + gained)
    this.#pace = Math.min(1, this.#pace + elapsed / recoveryMs)
    this.#at = now
  }
}
