import { setTimeout as delay } from "node:timers/promises"

/** Waits until `holds` is true, for effects that the kernel brings about by itself a little later. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}`)
    await delay(5)
  }
}
