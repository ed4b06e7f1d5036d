import type { NodeNetwork } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import { clusterTag, instanceTag } from "../ipam/ownership.ts"
import type { Logger } from "../log.ts"
import type { ClusterName } from "./cluster-name.ts"
import type { LeakMode } from "./config.ts"
import type { ControllerMetrics } from "./controller-metrics.ts"
import { decideLeaks } from "./leaks.ts"
import type { NodeState } from "./node-state.ts"

export interface LeakSweeperOptions {
  ec2: Ec2
  clock: Clock
  log: Logger
  metrics: ControllerMetrics
  clusterName: ClusterName
  mode: LeakMode
  signal: AbortSignal
  states: () => Iterable<NodeState>
  objects: () => Iterable<NodeNetwork>
}

/** Finds interfaces that no node's record knows, and frees them (or only reports, as configured). */
export class LeakSweeper {
  readonly #options: LeakSweeperOptions
  #suspects: ReadonlyMap<string, number> = new Map()

  constructor(options: LeakSweeperOptions) {
    this.#options = options
  }

  /** One look: one call (and its pages), plus one for each interface freed. */
  async sweep(): Promise<void> {
    const { ec2, clock, log, metrics, mode, signal } = this.#options
    const clusterName = this.#options.clusterName.value
    if (clusterName === undefined || mode === "off") return
    const options = { priority: "audit", signal } as const
    const tags = { [clusterTag]: clusterName, [instanceTag]: "*" }
    const seen = await ec2.describeNetworkInterfaces({ tags, status: "available" }, options)
    const { suspects, free } = decideLeaks({
      ...{ clusterName, seen, recorded: this.#recorded(), suspects: this.#suspects },
      now: clock.now(),
    })
    this.#suspects = suspects
    metrics.berth_controller_leaked_interfaces.set(suspects.size)
    for (const { id, subnetId, tags: found } of free) {
      const about = { interface: id, subnet: subnetId, instance: found[instanceTag] }
      if (mode === "report") {
        log.warn("a leaked interface is left alone: BERTH_LEAKED_INTERFACES is report", about)
        continue
      }
      await ec2.deleteNetworkInterface({ id }, options)
      metrics.berth_controller_leaked_interfaces_freed_total.inc()
      log.warn("a leaked interface was freed", about)
    }
  }

  /** From memory and from the objects: a node may be new to this leader, or its write under way. */
  #recorded(): Set<string> {
    const recorded = new Set<string>()
    for (const state of this.#options.states()) {
      for (const { id } of state.interfaces) recorded.add(id)
      for (const token of state.intents.keys()) recorded.add(token)
    }
    for (const { status } of this.#options.objects()) {
      for (const { id } of status?.interfaces ?? []) recorded.add(id)
      for (const { token } of status?.intents ?? []) recorded.add(token)
    }
    return recorded
  }
}
