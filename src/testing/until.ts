import { systemClock } from "../clock.ts"

/** Generous: the machine may be busy with other tests. */
const patienceMs = 90_000
const pollMs = 500

/** What `probe` gives in the end: a text says what is still missing, and is the error when patience ends. */
export async function until<T>(what: string, probe: () => Promise<T | string>): Promise<T> {
  const deadline = systemClock.now() + patienceMs
  for (;;) {
    const seen = await probe()
    if (typeof seen !== "string") return seen
    if (systemClock.now() > deadline) throw new Error(`${what}: ${seen}`)
    await systemClock.sleep(pollMs)
  }
}
