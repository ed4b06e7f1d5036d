import type { Clock } from "../clock.ts"
import type { Logger } from "../log.ts"
import type { CloudFacts } from "./cloud-facts.ts"
import type { ClusterName } from "./cluster-name.ts"
import type { InstanceLoader } from "./instance-loader.ts"
import type { LeakSweeper } from "./leak-sweeper.ts"
import type { NodeState } from "./node-state.ts"

export interface AuditOptions {
  clock: Clock
  random: () => number
  log: Logger
  states: () => Iterable<NodeState>
  facts: CloudFacts
  loader: InstanceLoader
  sweeper: LeakSweeper
  clusterName: ClusterName
  /** The facts were read anew: statuses may show other figures. */
  refreshed: () => void
}

/**
 * EC2 tells nobody what others change in it. Where pods wait for it or a call fails over it the node or the VPC is
 * looked at again within half a minute (decide-node.ts); all else, such as an address taken from a running pod, shows
 * here. An audit costs a call for 100 nodes, three or four for the VPC, and one for leaks: for 5,000 nodes some 60,
 * which nobody waits for.
 */
const everyMs = 600_000

/** Compares everything with EC2 now and then, until the signal aborts. */
export async function auditRegularly(options: AuditOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, log, states, facts, loader, sweeper } = options
  const step = async (what: string, work: () => Promise<unknown>) => {
    await work().catch((error: Error) => {
      if (!signal.aborted) log.warn("an audit failed", { what, error: error.message })
    })
  }
  while (!signal.aborted) {
    await clock.sleep(everyMs * (0.9 + random() / 5), signal).catch(() => {})
    if (signal.aborted) return
    const vpcs = new Set([...states()].map((s) => s.vpcId).filter((id) => id !== ""))
    for (const vpcId of vpcs) await step(`facts of ${vpcId}`, () => facts.refresh(vpcId))
    for (const state of states()) loader.request(state.instanceID, "audit")
    await options.clusterName.find(signal)
    await step("leaked interfaces", () => sweeper.sweep())
    options.refreshed()
  }
}
