import { setTimeout as sleep } from "node:timers/promises"
import type { Cloud } from "../../src/ec2/memory/cloud.ts"

const quietMs = 1_500

/** Counts calls to EC2 from now on. */
export function countCalls(cloud: Cloud) {
  const before = new Map(cloud.calls)
  const since = () =>
    Object.fromEntries(
      [...cloud.calls]
        .map(([action, n]) => [action, n - (before.get(action) ?? 0)] as const)
        .filter(([, n]) => n > 0),
    )
  const total = () => Object.values(since()).reduce((a, b) => a + b, 0)
  return {
    total,
    byAction: since,
    /** Resolves when no call was made for a while; rejects when that does not come to pass. */
    async settled(limitMs = 30_000) {
      const deadline = performance.now() + limitMs
      for (let seen = -1; seen !== total(); ) {
        seen = total()
        if (performance.now() > deadline) throw new Error("EC2 is called without end")
        await sleep(quietMs)
      }
      return since()
    },
  }
}
