import type { Change } from "../../kernel/kernel.ts"
import { formatAddress, parseCidr } from "../../vpc/cidr.ts"
import { isolatedTableOf, rulePriority } from "./tables.ts"

/** The way out by an interface: the subnet's router, and the default route by it. Undefined for what is no CIDR. */
export function exitRoutes(subnetCIDR: string, link: string, table: number): Change[] | undefined {
  const subnet = parseCidr(subnetCIDR)
  if (!subnet) return undefined
  // AWS puts the VPC router at the subnet's base plus one (VPC user guide, "Subnet sizing").
  const gateway = formatAddress(subnet.base + 1)
  return [
    { do: "putRoute", route: { to: `${gateway}/32`, link, table, scope: "link" } },
    { do: "putRoute", route: { to: "0.0.0.0/0", via: gateway, link, table } },
  ]
}

/**
 * Packets of this node and its other pods come in by the link as well: from an address of the host, a martian source
 * otherwise, and from addresses that the host itself would reach by other links.
 */
export const isolation = (link: string, table: number): Change[] => [
  { do: "sysctl", key: `net/ipv4/conf/${link}/accept_local`, value: "1" },
  { do: "sysctl", key: `net/ipv4/conf/${link}/rp_filter`, value: "2" },
  { do: "putRule", rule: toIsolated(link, table) },
]

export const toIsolated = (link: string, table: number) => ({
  priority: rulePriority.toIsolated,
  incoming: link,
  table: isolatedTableOf(table),
})
