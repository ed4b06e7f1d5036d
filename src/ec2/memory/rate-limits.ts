import type { Clock } from "../../clock.ts"
import { type Bucket, bucketOf } from "../rate-classes.ts"

export interface RateLimits {
  /** Takes one token of the action's bucket; false when it is empty. */
  admit(action: string, unfiltered: boolean): boolean
}

/** EC2's request limits: one token bucket per action, sized by the action's documented class. */
export function createRateLimits(clock: Clock): RateLimits {
  const levels = new Map<string, { tokens: number; at: number }>()
  return {
    admit(action, unfiltered) {
      const bucket: Bucket = bucketOf(action, unfiltered)
      const now = clock.now()
      const level = levels.get(bucket.name) ?? { tokens: bucket.size, at: now }
      const refilled = level.tokens + ((now - level.at) / 1000) * bucket.refillPerSecond
      const tokens = Math.min(bucket.size, refilled)
      const admitted = tokens >= 1
      levels.set(bucket.name, { tokens: admitted ? tokens - 1 : tokens, at: now })
      return admitted
    },
  }
}
