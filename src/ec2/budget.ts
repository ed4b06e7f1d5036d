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
export function createBudget(options: BudgetOptions): CallBudget {
  const { clock, random, attemptsMax = 8, concurrencyMax = 64, waitingMax = 20_000 } = options
  const lanes = new Map<string, Lane>()
  let inFlight = 0
  let throttled = 0

  const laneOf = (action: string): Lane => {
    const known = lanes.get(action)
    if (known) return known
    const limits = limitsOf(action, options)
    const lane = {
      bucket: new TokenBucket(limits, clock.now()),
      queue: new CallQueue(action),
      wake: undefined,
    }
    lanes.set(action, lane)
    return lane
  }

  /** Hands out the lane's turns until nobody waits: one loop per busy lane. */
  const serve = async (lane: Lane): Promise<void> => {
    for (let next = lane.queue.next(clock.now()); next; next = lane.queue.next(clock.now())) {
      const waitMs =
        inFlight >= concurrencyMax ? Infinity : lane.bucket.waitMs(next.priority, clock.now())
      if (waitMs > 0) {
        await nap(lane, waitMs)
        continue
      }
      lane.bucket.take(clock.now())
      inFlight++
      next.start()
    }
    lane.wake = undefined
  }

  /** Sleeps for `ms`, spread a little so that lanes do not march in step, or until something changes. */
  const nap = async (lane: Lane, ms: number): Promise<void> => {
    const waking = new AbortController()
    lane.wake = () => waking.abort()
    const spread = Number.isFinite(ms) ? ms * (1 + random() * 0.2) : 60_000
    await clock.sleep(Math.ceil(spread), waking.signal).catch(() => {})
  }

  const turn = async (call: BudgetCall): Promise<void> => {
    const { action, priority = "refill", signal } = call
    const lane = laneOf(action)
    const waiting = [...lanes.values()].reduce((sum, l) => sum + l.queue.size, 0)
    if (waiting >= waitingMax && !evictBelow(lanes.values(), priority))
      throw fail("ec2/queue-full", { action, waiting })
    const entered = lane.queue.enter(priority, clock.now(), signal)
    if (lane.wake) lane.wake()
    else {
      lane.wake = () => {}
      void serve(lane)
    }
    await entered
  }

  const done = () => {
    inFlight--
    // A place is free: lanes that wait for one look again.
    if (inFlight === concurrencyMax - 1) for (const lane of lanes.values()) lane.wake?.()
  }

  const attempt = async <T>(
    call: BudgetCall,
    tried: number,
    make: () => Promise<T>,
  ): Promise<T> => {
    const { action, priority = "refill" } = call
    const askedAt = clock.now()
    await turn(call)
    const startedAt = clock.now()
    let outcome: TryEvent["outcome"] = "ok"
    try {
      return await make()
    } catch (error) {
      outcome = outcomeOf(error)
      if (outcome === "ec2/throttled") {
        throttled++
        laneOf(action).bucket.throttled(clock.now())
      }
      throw error
    } finally {
      done()
      const waitedMs = startedAt - askedAt
      const tookMs = clock.now() - startedAt
      options.onTry?.({ action, priority, waitedMs, tookMs, attempt: tried, outcome })
    }
  }

  return {
    async run(call, make) {
      for (let tried = 1; ; tried++) {
        try {
          return await attempt(call, tried, make)
        } catch (error) {
          if (tried >= attemptsMax || !mayRepeat(call, error)) throw error
          const step = Math.min(firstPauseMs * 2 ** (tried - 1), longestPauseMs)
          await clock.sleep(Math.round(step * (0.5 + random() / 2)), call.signal)
        }
      }
    },
    charge: (action, requests) => laneOf(action).bucket.charge(requests, clock.now()),
    state: () => stateOf(lanes, { inFlight, throttled, now: clock.now() }),
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

/** Turns away the last caller of a lower priority to make room; false when there is none. */
function evictBelow(lanes: Iterable<Lane>, priority: CallPriority): boolean {
  for (const lane of lanes) if (lane.queue.evictBelow(priority)) return true
  return false
}

function stateOf(
  lanes: ReadonlyMap<string, Lane>,
  { inFlight, throttled, now }: { inFlight: number; throttled: number; now: number },
): BudgetState {
  const waiting = { allocate: 0, refill: 0, release: 0, audit: 0 }
  for (const { queue } of lanes.values())
    for (const [priority, count] of queue.counts()) waiting[priority] += count
  const buckets = [...lanes].map(([action, { bucket, queue }]) => ({
    action,
    ...bucket.state(now),
    waiting: queue.size,
  }))
  return { inFlight, waiting, throttled, buckets }
}
