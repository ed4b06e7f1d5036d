import type { Clock } from "../clock.ts"
import { type ErrorCode, fail, isError } from "../errors/catalogue.ts"
import { CallQueue } from "./call-queue.ts"
import type { CallPriority } from "./ec2.ts"
import { type Bucket, bucketOf } from "./rate-classes.ts"
import { TokenBucket } from "./token-bucket.ts"

export interface BudgetOptions {
  readonly clock: Clock
  /** 0 <= x < 1. */
  readonly random: () => number
  /** The part of the account's request limits that Berth may use: others live in the account too. Default 0.8. */
  readonly share?: number
  /** Calls to EC2 at a time. Default 64. */
  readonly concurrencyMax?: number
  /** Calls waiting, over all actions. Default 20,000. */
  readonly waitingMax?: number
  /** Tries of one call, the first included. Default 8. */
  readonly attemptsMax?: number
  /** Limits raised by AWS for this account, by action. */
  readonly limits?: Readonly<Record<string, { size: number; refillPerSecond: number }>>
  /** Told of every try, for metrics. */
  readonly onTry?: (event: TryEvent) => void
}

export interface TryEvent {
  readonly action: string
  readonly priority: CallPriority
  /** From being asked for to being sent, in milliseconds. */
  readonly waitedMs: number
  readonly tookMs: number
  readonly attempt: number
  /** `ok`, or the catalogue's code. */
  readonly outcome: "ok" | ErrorCode | "unknown"
}

export interface BudgetCall {
  readonly action: string
  readonly priority?: CallPriority
  /** Whether a call whose outcome is not known may simply be made again. A throttled one always may. */
  readonly repeatable: boolean
  readonly signal?: AbortSignal
}

export interface BudgetState {
  readonly inFlight: number
  readonly waiting: Readonly<Record<CallPriority, number>>
  /** Tries that EC2 throttled, since the start. */
  readonly throttled: number
  readonly buckets: readonly BucketState[]
}

export interface BucketState {
  readonly action: string
  readonly tokens: number
  readonly size: number
  readonly refillPerSecond: number
  /** 1, or less while throttling by EC2 slows the action down. */
  readonly pace: number
  readonly waiting: number
}

/** The call budget of one account and region. */
export interface CallBudget {
  /** Makes the call when its turn comes; tries again what may be tried again. Rejects with the last error. */
  run<T>(call: BudgetCall, make: () => Promise<T>): Promise<T>
  /** Accounts for requests already made beyond the one of the call, such as further pages. */
  charge(action: string, requests: number): void
  state(): BudgetState
}

const firstPauseMs = 500
const longestPauseMs = 30_000
/** While the concurrency is used up a lane waits to be woken; this is only the longest it can miss it. */
const fullMs = 60_000

interface Lane {
  readonly bucket: TokenBucket
  readonly queue: CallQueue
  /** Ends the lane's sleep when something changes; undefined while the lane is idle. */
  wake: (() => void) | undefined
}

/**
 * Keeps EC2 calls within the documented limits: a token bucket per action, a queue by priority before it, fewer calls
 * when EC2 throttles all the same. Under pressure calls wait; they neither fail nor pile up on EC2.
 */
export const createBudget = (options: BudgetOptions): CallBudget => new Budget(options)

class Budget implements CallBudget {
  readonly #options: BudgetOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #concurrencyMax: number
  #inFlight = 0
  #throttled = 0

  constructor(options: BudgetOptions) {
    this.#options = options
    this.#concurrencyMax = options.concurrencyMax ?? 64
  }

  async run<T>(call: BudgetCall, make: () => Promise<T>): Promise<T> {
    const { clock, random, attemptsMax = 8 } = this.#options
    for (let tried = 1; ; tried++) {
      try {
        return await this.#attempt(call, tried, make)
      } catch (error) {
        if (tried >= attemptsMax || !mayRepeat(call, error)) throw error
        const step = Math.min(firstPauseMs * 2 ** (tried - 1), longestPauseMs)
        await clock.sleep(Math.round(step * (0.5 + random() / 2)), call.signal)
      }
    }
  }

  charge(action: string, requests: number): void {
    this.#laneOf(action).bucket.charge(requests, this.#options.clock.now())
  }

  state(): BudgetState {
    const now = this.#options.clock.now()
    const waiting = { allocate: 0, refill: 0, release: 0, audit: 0 }
    for (const { queue } of this.#lanes.values())
      for (const [priority, count] of queue.counts()) waiting[priority] += count
    const buckets = [...this.#lanes].map(([action, { bucket, queue }]) => ({
      action,
      ...bucket.state(now),
      waiting: queue.size,
    }))
    return { inFlight: this.#inFlight, waiting, throttled: this.#throttled, buckets }
  }

  /** One try: waits for its turn, makes the call, reports. */
  async #attempt<T>(call: BudgetCall, tried: number, make: () => Promise<T>): Promise<T> {
    const { clock, onTry } = this.#options
    const { action, priority = "refill" } = call
    const askedAt = clock.now()
    await this.#turn(call)
    const startedAt = clock.now()
    let outcome: TryEvent["outcome"] = "ok"
    try {
      return await make()
    } catch (error) {
      outcome = outcomeOf(error)
      if (outcome === "ec2/throttled") {
        this.#throttled++
        this.#laneOf(action).bucket.throttled(clock.now())
      }
      throw error
    } finally {
      this.#leave()
      const waitedMs = startedAt - askedAt
      const tookMs = clock.now() - startedAt
      onTry?.({ action, priority, waitedMs, tookMs, attempt: tried, outcome })
    }
  }

  /** Resolves when the call may be made; it then counts as under way. */
  async #turn({ action, priority = "refill", signal }: BudgetCall): Promise<void> {
    const lane = this.#laneOf(action)
    const lanes = [...this.#lanes.values()]
    const waiting = lanes.reduce((sum, l) => sum + l.queue.size, 0)
    const isFull = waiting >= (this.#options.waitingMax ?? 20_000)
    // Full: the last caller of a lower priority makes room, if there is one.
    if (isFull && !lanes.some((l) => l.queue.evictBelow(priority)))
      throw fail("ec2/queue-full", { action, waiting })
    const entered = lane.queue.enter(priority, this.#options.clock.now(), signal)
    if (lane.wake) lane.wake()
    else {
      lane.wake = () => {}
      void this.#serve(lane)
    }
    await entered
  }

  #leave(): void {
    this.#inFlight--
    // A place is free: lanes that wait for one look again.
    if (this.#inFlight === this.#concurrencyMax - 1)
      for (const lane of this.#lanes.values()) lane.wake?.()
  }

  /** Hands out the lane's turns until nobody waits: one loop per busy lane. */
  async #serve(lane: Lane): Promise<void> {
    const { clock } = this.#options
    const { bucket, queue } = lane
    for (let next = queue.next(clock.now()); next; next = queue.next(clock.now())) {
      const isFull = this.#inFlight >= this.#concurrencyMax
      const waitMs = isFull ? fullMs : bucket.waitMs(next.priority, clock.now())
      if (waitMs > 0) await this.#nap(lane, waitMs)
      else {
        bucket.take(clock.now())
        this.#inFlight++
        next.start()
      }
    }
    lane.wake = undefined
  }

  /** Sleeps, spread a little so that lanes do not march in step, or until something changes. */
  async #nap(lane: Lane, ms: number): Promise<void> {
    const { clock, random } = this.#options
    const waking = new AbortController()
    lane.wake = () => waking.abort()
    await clock.sleep(Math.ceil(ms * (1 + random() * 0.2)), waking.signal).catch(() => {})
  }

  #laneOf(action: string): Lane {
    const known = this.#lanes.get(action)
    if (known) return known
    const bucket = new TokenBucket(limitsOf(action, this.#options), this.#options.clock.now())
    const lane = { bucket, queue: new CallQueue(action), wake: undefined }
    this.#lanes.set(action, lane)
    return lane
  }
}

function limitsOf(action: string, { limits, share = 0.8 }: BudgetOptions): Bucket {
  const { size, refillPerSecond } = limits?.[action] ?? bucketOf(action)
  return {
    name: action,
    size: Math.max(1, Math.floor(size * share)),
    refillPerSecond: refillPerSecond * share,
  }
}

/** A throttled call had no effect. One without a proper answer may have had it. */
const mayRepeat = (call: BudgetCall, error: unknown): boolean =>
  isError(error, "ec2/throttled") || (call.repeatable && isError(error, "ec2/unavailable"))

const outcomeOf = (error: unknown): TryEvent["outcome"] =>
  isBerthCode(error) ? error.code : "unknown"

const isBerthCode = (error: unknown): error is { code: ErrorCode } =>
  error instanceof Error &&
  "code" in error &&
  typeof error.code === "string" &&
  error.code.startsWith("ec2/")
