import { setImmediate as turn } from "node:timers/promises"
import type { Clock } from "../clock.ts"

export interface VirtualClock extends Clock {
  /** Moves time forward, waking sleepers in order; lets promises settle before, between and after. */
  advance(ms: number): Promise<void>
  /** Lets promises settle without moving time. */
  settle(): Promise<void>
  /** Moves time from sleeper to sleeper until the condition holds; rejects when `limitMs` have passed. */
  until(condition: () => boolean, limitMs?: number): Promise<void>
  readonly sleepers: number
}

interface Sleeper {
  at: number
  order: number
  wake: () => void
}

/** A few turns of the event loop: enough for chains of promises between in-memory ports. */
async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await turn()
}

function earliest(sleepers: Iterable<Sleeper>): Sleeper | undefined {
  let first: Sleeper | undefined
  for (const s of sleepers)
    if (!first || s.at < first.at || (s.at === first.at && s.order < first.order)) first = s
  return first
}

/** Time that only tests move. Nothing waits for real, so hours cost milliseconds and runs repeat exactly. */
export function virtualClock(startMs = Date.UTC(2030, 0, 1)): VirtualClock {
  let now = startMs
  let order = 0
  const sleepers = new Set<Sleeper>()

  const wakeNext = async (limit: number): Promise<boolean> => {
    const next = earliest(sleepers)
    if (!next || next.at > limit) return false
    now = Math.max(now, next.at)
    sleepers.delete(next)
    next.wake()
    await settle()
    return true
  }

  return {
    now: () => now,
    monotonic: () => now - startMs,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const abort = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const wake = () => {
          signal?.removeEventListener("abort", abort)
          resolve()
        }
        const sleeper = { at: now + Math.max(0, ms), order: order++, wake }
        sleepers.add(sleeper)
        signal?.addEventListener("abort", abort, { once: true })
      })
    },
    get sleepers() {
      return sleepers.size
    },
    settle,
    async advance(ms) {
      const limit = now + ms
      await settle()
      while (await wakeNext(limit)) {
        // One sleeper at a time.
      }
      now = limit
    },
    async until(condition, limitMs = 3_600_000) {
      const limit = now + limitMs
      await settle()
      while (!condition()) {
        if (!(await wakeNext(limit)))
          throw new Error(`not reached within ${limitMs} ms of virtual time`)
      }
    },
  }
}
