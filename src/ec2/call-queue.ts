import { fail } from "../errors/catalogue.ts"
import type { CallPriority } from "./ec2.ts"

const priorities: readonly CallPriority[] = ["allocate", "refill", "release", "audit"]

/** One turn in so many goes to whoever has waited longest, if that is long: a lasting burst starves nobody. */
const turnsPerAged = 8
const agedMs = 10_000

interface Waiter {
  readonly priority: CallPriority
  readonly since: number
  /** Gives the waiter its turn and takes it off the queue. */
  readonly start: () => void
  readonly turnAway: () => void
}

/** Callers that wait for their turn, by priority and then in order. */
export class CallQueue {
  readonly #waiting: Readonly<Record<CallPriority, Set<Waiter>>> = {
    allocate: new Set(),
    refill: new Set(),
    release: new Set(),
    audit: new Set(),
  }

  readonly #action: string
  #turns = 0

  constructor(action: string) {
    this.#action = action
  }

  get size(): number {
    return priorities.reduce((sum, p) => sum + this.#waiting[p].size, 0)
  }

  counts(): [CallPriority, number][] {
    return priorities.map((p) => [p, this.#waiting[p].size])
  }

  /** Resolves when the caller's turn has come; rejects when aborted or turned away. */
  enter(priority: CallPriority, now: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (signal?.aborted) {
      reject(signal.reason)
      return promise
    }
    const leave = () => {
      this.#waiting[priority].delete(waiter)
      signal?.removeEventListener("abort", abort)
    }
    const abort = () => {
      leave()
      reject(signal?.reason)
    }
    const waiter: Waiter = {
      priority,
      since: now,
      start: () => {
        this.#turns++
        leave()
        resolve()
      },
      turnAway: () => {
        leave()
        reject(fail("ec2/queue-full", { action: this.#action, waiting: this.size }))
      },
    }
    this.#waiting[priority].add(waiter)
    signal?.addEventListener("abort", abort, { once: true })
    return promise
  }

  /** Whose turn it is; undefined when nobody waits. */
  next(now: number): Waiter | undefined {
    const heads = priorities.flatMap((p) => this.#waiting[p].values().next().value ?? [])
    // Of equally old ones the least urgent: the others have had the turns before.
    const [oldest] = heads.toReversed().sort((a, b) => a.since - b.since)
    const agedTurn = this.#turns % turnsPerAged === turnsPerAged - 1
    if (agedTurn && oldest !== undefined && now - oldest.since >= agedMs)
      // Served as if it were urgent, or the floor under its own priority would hold it back for ever.
      return { ...oldest, priority: "allocate" }
    return heads[0]
  }

  /** Turns away the last caller of the lowest priority below `priority`; false when there is none. */
  evictBelow(priority: CallPriority): boolean {
    for (const p of priorities.slice(priorities.indexOf(priority) + 1).reverse()) {
      const last = [...this.#waiting[p]].at(-1)
      if (last === undefined) continue
      last.turnAway()
      return true
    }
    return false
  }
}
