import { setImmediate as yieldToCalls } from "node:timers/promises"
import type { Clock } from "../clock.ts"
import { keyText } from "../ipam/held.ts"
import { namespaceState } from "../kernel/unmet-changes.ts"
import { type CallContext, podAttachment } from "./calls/context.ts"
import type { InterfaceKeeper } from "./interface-keeper.ts"
import { sweepLeftovers } from "./network/leftovers.ts"
import { repairPod } from "./network/pod-wiring.ts"
import { freeOrphans } from "./orphans.ts"
import type { TrafficKeeper } from "./traffic-keeper.ts"

export interface UpkeepOptions {
  calls: CallContext
  clock: Clock
  keeper: InterfaceKeeper
  traffic: TrafficKeeper
  signal: AbortSignal
  /** With the in-memory kernel nothing can be missing. */
  wired: boolean
}

const everyMs = 30_000
/** While an ADD waits for an address, those of lost sandboxes are looked for this often. */
const shortageMs = 5_000

/**
 * Compares the kernel with what it should hold, now and then, and repairs it: interfaces, traffic rules, pods; frees
 * attachments of sandboxes that are gone, and removes what is left of others. Cost: a dump of links, rules and routes,
 * and one visit to every pod's namespace, with CNI calls let through between pods.
 */
export async function upkeep(o: UpkeepOptions): Promise<void> {
  const { calls, clock, signal } = o
  const pass = async (what: string, work: () => unknown) => {
    try {
      if (!signal.aborted) await work()
    } catch (error) {
      calls.log.error("upkeep failed", { what, why: (error as Error).message })
    }
  }
  for (let dueAt = clock.now(); !signal.aborted; ) {
    const due = clock.now() >= dueAt
    if (o.wired && (due || calls.book.waiting().length > 0)) {
      await pass("orphans", () => freeOrphans(calls))
    }
    if (due) {
      dueAt = clock.now() + everyMs
      await pass("interfaces", () => o.keeper.verify())
      await pass("traffic", () => o.traffic.verify())
      if (o.wired) await pass("pods", () => repairPods(calls))
      if (o.wired) await pass("leftovers", () => removeLeftovers(calls))
    }
    await clock.sleep(shortageMs, signal).catch(() => {})
  }
}

/** Links of sandboxes whose namespace outlived their DEL, and rules that lead to nobody. */
async function removeLeftovers({ book, kernel, log, metrics }: CallContext): Promise<void> {
  const { links, routes, rules } = await sweepLeftovers(
    kernel,
    book.attachments().map(podAttachment),
  )
  const counts = { links: links.length, routes: routes.length, rules: rules.length }
  if (counts.links + counts.routes + counts.rules === 0) return
  metrics.berth_kernel_repairs_total.inc({ what: "leftovers" })
  log.info("removed what was left of pods that are gone", counts)
}

async function repairPods({ book, kernel, locks, log, metrics }: CallContext): Promise<void> {
  const host = namespaceState(kernel.host)
  for (const attachment of book.attachments()) {
    await yieldToCalls()
    const { key, pod } = attachment.held
    // Released or worked on since the host was read.
    if (locks.has(keyText(key)) || book.find(key) !== attachment) continue
    const target = podAttachment(attachment)
    if (target.netns === "") continue
    try {
      const repaired = repairPod(kernel, target, host).length
      if (repaired === 0) continue
      metrics.berth_kernel_repairs_total.inc({ what: "pod" })
      log.warn("network of a pod repaired", { pod, changes: repaired })
    } catch (error) {
      log.warn("network of a pod cannot be repaired", { pod, why: (error as Error).message })
    }
  }
}
