import { contains, parseCidr } from "../../vpc/cidr.ts"
import type { AwsFacts, GroupRule } from "../snapshot.ts"

/** One end of a connection: the security groups of its interface, and the blocks its address may be in. */
export interface End {
  readonly groups: readonly string[]
  readonly cidrs: readonly string[]
}

export interface Traffic {
  readonly protocol: "tcp" | "udp"
  readonly port: number
}

/** Why traffic cannot pass; undefined when egress and ingress rules both let it through. Answers are stateful: always let through. */
export function whyBlocked(
  groups: AwsFacts["securityGroups"],
  from: End,
  to: End,
  traffic: Traffic,
): string | undefined {
  const rulesOf = (end: End) =>
    groups.filter((g) => end.groups.includes(g.id)).flatMap((g) => g.rules ?? [])
  const passes = (rules: readonly GroupRule[], direction: GroupRule["direction"], peer: End) =>
    rules.some((r) => r.direction === direction && fits(r, traffic) && reaches(r.peer, peer))
  const label = `${traffic.protocol} ${traffic.port}`
  if (!passes(rulesOf(from), "egress", to)) {
    return `no egress rule of ${from.groups.join(", ")} allows ${label} to ${to.groups.join(", ")}`
  }
  if (!passes(rulesOf(to), "ingress", from)) {
    return `no ingress rule of ${to.groups.join(", ")} allows ${label} from ${from.groups.join(", ")}`
  }
  return undefined
}

const numbers = { tcp: "6", udp: "17" }

function fits(rule: GroupRule, { protocol, port }: Traffic): boolean {
  if (rule.protocol === "-1") return true
  if (rule.protocol !== protocol && rule.protocol !== numbers[protocol]) return false
  return (rule.fromPort ?? 0) <= port && port <= (rule.toPort ?? 65535)
}

/** A rule's peer is a group of the other end, or a block that holds all its blocks. */
function reaches(peer: string, end: End): boolean {
  if (end.groups.includes(peer)) return true
  const block = parseCidr(peer)
  if (block === undefined || end.cidrs.length === 0) return false
  return end.cidrs.every((cidr) => {
    const own = parseCidr(cidr)
    return own !== undefined && contains(block, own)
  })
}
