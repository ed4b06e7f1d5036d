import { setTimeout as delay } from "node:timers/promises"

/** Repeats `check` until it throws no more; after `withinMs` its last error is the caller's. */
export async function eventually(check: () => unknown, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs
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
