import { setTimeout as delay } from "node:timers/promises"

/** Repeats `check` until it throws no more; after ten seconds its last error is the caller's. */
export async function eventually(check: () => unknown): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      await check()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(20)
    }
  }
}
