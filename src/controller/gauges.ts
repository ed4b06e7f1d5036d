import type { InterfaceState } from "../api/nodenetwork.ts"
import type { CallBudget } from "../ec2/budget.ts"
import type { ControllerMetrics } from "./controller-metrics.ts"
import type { ControllerInformers } from "./informers.ts"
import type { NodeState } from "./node-state.ts"
import type { SubnetSupplies } from "./subnet-supply.ts"
import { addressesOn } from "./tally.ts"

const states: readonly InterfaceState[] = ["Attaching", "Ready", "Draining", "Releasing", "Foreign"]

/** What of a term is measured when metrics are read. */
export interface Measured {
  readonly states: () => Iterable<NodeState>
  readonly supplies: SubnetSupplies
  readonly queueDepth: () => number
}

export function noteTerm(metrics: ControllerMetrics, term: Measured): void {
  metrics.berth_controller_queue_depth.set(term.queueDepth())
  const byState = new Map(states.map((state) => [state, 0]))
  const bySubnet = new Map<string, number>()
  for (const { interfaces } of term.states())
    for (const iface of interfaces) {
      byState.set(iface.state, (byState.get(iface.state) ?? 0) + 1)
      if (iface.state === "Foreign") continue
      const held = bySubnet.get(iface.subnetID) ?? 0
      bySubnet.set(iface.subnetID, held + addressesOn(iface))
    }
  for (const [state, count] of byState) metrics.berth_controller_interfaces.set(count, { state })
  metrics.berth_controller_addresses.reset()
  metrics.berth_controller_subnet_free.reset()
  metrics.berth_controller_subnet_in_flight.reset()
  for (const [subnet, held] of bySubnet) {
    metrics.berth_controller_addresses.set(held, { subnet })
    const free = term.supplies.freeIn(subnet)
    if (free !== undefined) metrics.berth_controller_subnet_free.set(free, { subnet })
    metrics.berth_controller_subnet_in_flight.set(term.supplies.promisedIn(subnet), { subnet })
  }
}

export function noteBudget(metrics: ControllerMetrics, budget: CallBudget): void {
  const { buckets, waiting } = budget.state()
  for (const { action, tokens } of buckets) metrics.berth_ec2_budget_tokens.set(tokens, { action })
  for (const [priority, count] of Object.entries(waiting))
    metrics.berth_ec2_budget_waiting.set(count, { priority })
}

export function noteInformers(metrics: ControllerMetrics, informers: ControllerInformers): void {
  for (const [resource, informer] of Object.entries(informers))
    metrics.berth_controller_informer_synced.set(informer.state === "synced" ? 1 : 0, { resource })
  metrics.berth_controller_nodes.set(informers.nodeNetworks.size)
}
