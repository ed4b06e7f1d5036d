import type { FabricRule } from "./vpc-view.ts"

/** What of a security group rule a packet must match besides its peer. */
export type PacketMatch =
  | { readonly protocol: "all" }
  | { readonly protocol: "tcp" | "udp"; readonly ports?: readonly [number, number] }
  | { readonly protocol: "icmp"; readonly type?: number; readonly code?: number }
  | { readonly protocol: number }

const named: Record<string, "tcp" | "udp" | "icmp" | "all"> = {
  "-1": "all",
  all: "all",
  tcp: "tcp",
  "6": "tcp",
  udp: "udp",
  "17": "udp",
  icmp: "icmp",
  "1": "icmp",
}

/** EC2's way to write protocols and ports ("IpPermission", EC2 API reference) as what it means. */
export function matchOf(rule: FabricRule): PacketMatch | undefined {
  const protocol = named[rule.protocol]
  const from = rule.fromPort ?? -1
  const to = rule.toPort ?? -1
  if (protocol === "all") return { protocol }
  if (protocol === "icmp")
    return { protocol, ...(from >= 0 && { type: from, ...(to >= 0 && { code: to }) }) }
  if (protocol !== undefined) {
    const all = from < 0 || (from === 0 && to === 65535)
    return { protocol, ...(!all && { ports: [from, to < 0 ? from : to] as const }) }
  }
  const number = Number(rule.protocol)
  return Number.isInteger(number) && number >= 0 && number <= 255 ? { protocol: number } : undefined
}
