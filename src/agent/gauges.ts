import type { NodeNetworkStatus } from "../api/nodenetwork.ts"
import type { Pool } from "../ipam/pool.ts"
import { formatAddress } from "../vpc/cidr.ts"
import type { AgentMetrics } from "./agent-metrics.ts"

/** Sets the gauges that describe the pool; called when somebody asks for them. */
export function setPoolGauges(
  m: AgentMetrics,
  pool: Pool,
  status: NodeNetworkStatus | undefined,
): void {
  const interfaces = [...pool.interfaces()]
  const all = { total: 0, prefixes: 0 }
  m.awscni_assigned_ip_per_eni.reset()
  m.awscni_assigned_ip_per_cidr.reset()
  m.berth_addresses.reset()
  const sums = new Map<string, number>()
  for (const { id, facts, blocks, held, cooling, free } of interfaces) {
    const total = facts.addresses.length + 16 * facts.prefixes.length
    all.total += total
    all.prefixes += facts.prefixes.length
    m.awscni_assigned_ip_per_eni.set(held, { eni: id })
    for (const block of blocks.values()) {
      const cidr = facts.prefixes.find((p) => p.startsWith(`${formatAddress(block.base)}/`))
      if (cidr) m.awscni_assigned_ip_per_cidr.set(block.held, { cidr })
    }
    for (const [state, count] of Object.entries({ held, cooling, free })) {
      const key = JSON.stringify({ placement: facts.placement, subnet: facts.subnetID, state })
      sums.set(key, (sums.get(key) ?? 0) + count)
    }
  }
  for (const [labels, count] of sums) m.berth_addresses.set(count, JSON.parse(labels))
  m.awscni_eni_allocated.set(interfaces.length)
  m.awscni_total_ip_addresses.set(all.total)
  m.awscni_total_ipv4_prefixes.set(all.prefixes)
  m.awscni_assigned_ip_addresses.set([...pool.held()].length)
  const { interfaces: slots = 0, addressesPerInterface = 0 } = status?.limits ?? {}
  // With custom networking the primary ENI gives pods nothing; the original counts it all the same.
  const usable = pool.config.customNetworking ? slots - 1 : slots
  const each = (addressesPerInterface - 1) * (pool.config.prefixDelegation ? 16 : 1)
  m.awscni_eni_max.set(slots)
  m.awscni_ip_max.set(Math.max(0, usable * each))
}
