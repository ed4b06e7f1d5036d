import { fail } from "../../errors/catalogue.ts"
import type { Change, Kernel } from "../../kernel/kernel.ts"
import { namespaceState, unmetChanges } from "../../kernel/unmet-changes.ts"
import { findLinkByMac } from "./interface-setup.ts"

export interface PrimarySpec {
  /** eni-... */
  readonly id: string
  readonly mac: string
  readonly mtu: number
  /** False with DISABLE_TCP_EARLY_DEMUX. */
  readonly tcpEarlyDemux: boolean
}

/**
 * What pods need of the host and of its primary ENI; the host's own addresses and routes are left alone. Returns the
 * changes it made. Errors: kernel/link-missing, kernel/refused.
 */
export function setUpPrimary(kernel: Kernel, spec: PrimarySpec): Change[] {
  const link = findLinkByMac(kernel.host, spec.mac)
  if (!link) throw fail("kernel/link-missing", { mac: spec.mac, interfaceID: spec.id })
  const changes = unmetChanges(namespaceState(kernel.host), planPrimary(spec, link.name))
  kernel.host.apply(changes)
  return changes
}

const planPrimary = (spec: PrimarySpec, link: string): Change[] => [
  { do: "setLink", name: link, mtu: spec.mtu, up: true },
  { do: "sysctl", key: "net.ipv4.ip_forward", value: "1" },
  // Loose: answers from outside the VPC come in here for pods whose own route leads to another ENI (RFC 3704, 2.4).
  { do: "sysctl", key: `net/ipv4/conf/${link}/rp_filter`, value: "2" },
  {
    do: "sysctl",
    key: "net.ipv4.tcp_early_demux",
    value: spec.tcpEarlyDemux ? "1" : "0",
    optional: true,
  },
]
