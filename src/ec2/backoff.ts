/** One thing that EC2 refused: why, and since when it is left alone. */
export interface Refusal<Cause extends string = string> {
  readonly subnet: string
  readonly cause: Cause
  /** Catalogue code of what EC2 said. */
  readonly code: string
  readonly refusedAt: number
  /** Not tried before, in milliseconds since the epoch. */
  readonly until: number
}

export interface BackoffOptions {
  /** First wait; doubles with every refusal in a row. Default 10 s. */
  readonly firstMs?: number
  /** Default 5 min. */
  readonly longestMs?: number
  /** How long the one call that tests the water may take before others may. Default 20 s. */
  readonly probeMs?: number
  /** 0 <= x < 1: spreads the waits over 80 to 120 %. */
  readonly random: () => number
}

interface Entry<Cause extends string> extends Refusal<Cause> {
  readonly waitMs: number
}

/** Entries beyond this are the oldest and are forgotten: subnets of a region are far fewer. */
const entriesMax = 10_000

/**
 * Back-off per (subnet, cause), with hysteresis both ways: after a wait one call alone tests the subnet; a success takes
 * the wait down by two steps, not to nothing, so that a subnet on the brink does not flap; and a subnet that is seen to
 * have room again is taken back before its wait is over. Time is passed in.
 */
export class Backoffs<Cause extends string = string> {
  readonly #entries = new Map<string, Entry<Cause>>()
  readonly #options: Required<BackoffOptions>

  constructor(options: BackoffOptions) {
    this.#options = { firstMs: 10_000, longestMs: 300_000, probeMs: 20_000, ...options }
  }

  /** Waits in force at `now`, for one subnet. */
  of(subnet: string, now: number): Refusal<Cause>[] {
    return [...this.#entries.values()].filter((e) => e.subnet === subnet && e.until > now)
  }

  /** EC2 refused. Refusals of calls that were under way together count once. */
  refused(about: { subnet: string; cause: Cause; code: string; startedAt: number }, now: number) {
    const key = keyOf(about)
    const last = this.#entries.get(key)
    if (last && about.startedAt < last.refusedAt) return
    const { firstMs, longestMs, random } = this.#options
    const waitMs = last ? Math.min(last.waitMs * 2, longestMs) : firstMs
    const until = now + Math.round(waitMs * (0.8 + random() * 0.4))
    const { subnet, cause, code } = about
    this.#put(key, { subnet, cause, code, refusedAt: now, until, waitMs })
  }

  /** A call to a subnet whose wait is over begins: others wait for what comes of it. */
  probe(about: { subnet: string; cause: Cause }, now: number): void {
    const key = keyOf(about)
    const entry = this.#entries.get(key)
    if (entry && entry.until <= now)
      this.#put(key, { ...entry, until: now + this.#options.probeMs })
  }

  served(about: { subnet: string; cause: Cause }, now: number): void {
    const key = keyOf(about)
    const entry = this.#entries.get(key)
    if (!entry) return
    const waitMs = entry.waitMs / 4
    if (waitMs < this.#options.firstMs) this.#entries.delete(key)
    else this.#put(key, { ...entry, until: now, waitMs })
  }

  /**
   * The subnet was seen to have room for this cause, by a describe call that began at `observedFrom`. The wait ends if
   * the refusal is older than that.
   */
  seenRoom(about: { subnet: string; cause: Cause }, observedFrom: number): void {
    const key = keyOf(about)
    const entry = this.#entries.get(key)
    if (entry && entry.refusedAt < observedFrom) this.#entries.delete(key)
  }

  #put(key: string, entry: Entry<Cause>): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const oldest = this.#entries.keys().next().value
    if (this.#entries.size > entriesMax && oldest !== undefined) this.#entries.delete(oldest)
  }
}

const keyOf = (about: { subnet: string; cause: string }) => `${about.subnet} ${about.cause}`
