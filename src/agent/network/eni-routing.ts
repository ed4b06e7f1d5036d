import type { Change, Rule } from "../../kernel/kernel.ts"
import { formatAddress, parseCidr } from "../../vpc/cidr.ts"
import { isolatedTableOf, localTable, rulePriority } from "./tables.ts"

/** No security group is asked about these addresses (VPC user guide, "Security groups"): they never leave the host. */
const linkLocal = "169.254.0.0/16"

export const earlyDemux = "net.ipv4.tcp_early_demux"

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
  ...isolatedRules(link, table).map((rule): Change => ({ do: "putRule", rule })),
]

/**
 * What has to hold before any pod is isolated: the host's own addresses come after the rules of isolated pods, or what
 * such a pod sends to its node would not pass its ENI, and the VPC, which tracks connections, would take the answers
 * for unasked. A packet that the kernel has found a socket for already cannot be sent on (net/ipv4/ip_forward.c), so it
 * must not look before it routes. Not to be undone: the host without its rule for local addresses answers nobody.
 */
export const localBehindIsolated: readonly Change[] = [
  { do: "putRule", rule: { priority: rulePriority.local, table: localTable } },
  {
    do: "putRule",
    rule: { priority: rulePriority.toLinkLocal, to: linkLocal, table: localTable },
  },
  { do: "removeRule", rule: { priority: 0, table: localTable } },
  { do: "sysctl", key: earlyDemux, value: "0", optional: true },
]

/** Rules that lead to the isolated pods of an interface: what comes in by it, and answers of link-local services. */
export const isolatedRules = (link: string, table: number): Rule[] => [
  { priority: rulePriority.toIsolated, incoming: link, table: isolatedTableOf(table) },
  { priority: rulePriority.fromLinkLocal, from: linkLocal, table: isolatedTableOf(table) },
]
