import type { Change, Kernel } from "../../kernel/kernel.ts"
import { namespaceState, unmetChanges } from "../../kernel/unmet-changes.ts"
import { removeAmazonRuleset } from "./amazon-ruleset.ts"
import { nodeRuleset, rulesetFamily, rulesetTable } from "./node-ruleset.ts"
import { staleTrafficRules, type TrafficPolicy, trafficRules } from "./traffic-policy.ts"

/** What `keep` had to do, for logs and metrics. */
export interface TrafficRepair {
  /** Rules put and removed. */
  readonly rules: readonly Change[]
  /** "replaced" also at the first time, "restored" when something else had changed the table. */
  readonly nft: "unchanged" | "replaced" | "restored"
  /** Rules of Amazon VPC CNI were found and removed. */
  readonly tookOver: boolean
}

/** Keeps the node's routing rules and nftables table as the policy wants them. */
export class NodeTraffic {
  readonly #kernel: Kernel
  /** The script last applied, and what the kernel then showed of it. */
  #applied: { readonly script: string; readonly shown: string } | undefined
  #amazonIsGone = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /**
   * To be called when the policy changes, and on an interval to repair what a flush of the rule set or a restart of a
   * network service took away. Calls are carried out one after another.
   * Errors: kernel/refused, kernel/nft; the next call tries again.
   */
  keep(policy: TrafficPolicy): Promise<TrafficRepair> {
    const run = this.#last.then(() => this.#keep(policy))
    this.#last = run.catch(() => {})
    return run
  }

  async #keep(policy: TrafficPolicy): Promise<TrafficRepair> {
    const { host } = this.#kernel
    // Rules first: a marked packet without its rule would leave by the pod's ENI with the node's address.
    const wanted = trafficRules(policy).map((rule): Change => ({ do: "putRule", rule }))
    const missing = unmetChanges(namespaceState(host), wanted)
    host.apply(missing)
    const nft = await this.#keepTable(nodeRuleset(policy))
    const stale = staleTrafficRules(host.rules(), policy).map(
      (rule): Change => ({ do: "removeRule", rule }),
    )
    host.apply(stale)
    const tookOver = await this.#takeOver()
    return { rules: [...missing, ...stale], nft, tookOver }
  }

  /** Once, after Berth's own rules are in place, so that no connection goes without. */
  async #takeOver(): Promise<boolean> {
    if (this.#amazonIsGone) return false
    const tookOver = await removeAmazonRuleset(this.#kernel.host)
    this.#amazonIsGone = true
    return tookOver
  }

  async #keepTable(script: string): Promise<TrafficRepair["nft"]> {
    const known = this.#applied?.script === script
    if (known && this.#applied?.shown === (await this.#shown())) return "unchanged"
    this.#applied = undefined
    await this.#kernel.host.nft(script)
    this.#applied = { script, shown: await this.#shown() }
    return known ? "restored" : "replaced"
  }

  async #shown(): Promise<string> {
    return comparable(await this.#kernel.host.nftTable(rulesetFamily, rulesetTable))
  }
}

/** What nft lists changes with every packet and every replacement: counters and handles do not count. */
const comparable = (table: unknown): string =>
  JSON.stringify(table ?? null, (key, value: unknown) =>
    key === "handle" || key === "packets" || key === "bytes" ? undefined : value,
  )
