import { matchOf, type PacketMatch } from "./permission.ts"
import type { FabricGroup, FabricRule } from "./vpc-view.ts"

/** Names of nftables objects by what they stand for. Slashes are legal in them and keep the kinds apart. */
export const chainOfGroup = (group: string, way: "in" | "out") => `${way}/${group}`
export const membersOfGroup = (group: string) => `members/${group}`

/** Chain that every packet goes on to once its sender's groups have let it out. */
export const arriving = "arriving"

/**
 * The rules of one direction of a group. A permitted packet leaves its sender's chain for `arriving`, or is accepted
 * in its receiver's; one that nothing permits returns to the interface's chain, which asks the next group.
 *
 * A group as peer stands for the addresses of the interfaces that carry it. It is matched by interface: the source check
 * before has made sure that an address comes from the interface that owns it. So handing out addresses changes no rule.
 */
export function groupRules(
  group: FabricGroup,
  way: "in" | "out",
  exists: (group: string) => boolean,
): string[] {
  const then = way === "out" ? `goto ${arriving}` : "accept"
  const lines = group.rules
    .filter((rule) => rule.egress === (way === "out"))
    .flatMap((rule) => {
      const peer = peerMatch(rule, way, exists)
      const match = matchOf(rule)
      return peer === undefined || match === undefined
        ? []
        : [[...peer, ...packetMatch(match), then].join(" ")]
    })
  return [...new Set(lines)]
}

/** Empty: everybody. Undefined: nobody this fabric could know. */
function peerMatch(
  { cidr, groupId }: FabricRule,
  way: "in" | "out",
  exists: (group: string) => boolean,
): string[] | undefined {
  if (cidr === "0.0.0.0/0") return []
  if (cidr !== undefined) return [way === "out" ? "ip daddr" : "ip saddr", cidr]
  if (groupId === undefined || !exists(groupId)) return undefined
  return [way === "out" ? "oifname" : "iifname", `@${membersOfGroup(groupId)}`]
}

function packetMatch(match: PacketMatch): string[] {
  switch (match.protocol) {
    case "all":
      return []
    case "tcp":
    case "udp":
      return match.ports
        ? [`${match.protocol} dport ${match.ports[0]}-${match.ports[1]}`]
        : [`ip protocol ${match.protocol}`]
    case "icmp":
      return [
        "ip protocol icmp",
        ...(match.type === undefined ? [] : [`icmp type ${match.type}`]),
        ...(match.code === undefined ? [] : [`icmp code ${match.code}`]),
      ]
    default:
      return [`ip protocol ${match.protocol}`]
  }
}
