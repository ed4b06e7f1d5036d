import { fail } from "../../errors/catalogue.ts"
import type { Change, Kernel } from "../../kernel/kernel.ts"
import { namespaceState, unmetChanges } from "../../kernel/unmet-changes.ts"
import { earlyDemux } from "./eni-routing.ts"
import { findLinkByMac } from "./interface-setup.ts"
import { localTable, rulePriority } from "./tables.ts"

export interface PrimarySpec {
  /** eni-... */
  readonly id: string
  readonly mac: string
  readonly mtu: number
  /** False with DISABLE_TCP_EARLY_DEMUX; on nodes with isolated pods it is off in any case. */
  readonly tcpEarlyDemux: boolean
}

/**
 * What pods need of the host and of its primary ENI; the host's own addresses and routes are left alone. Returns the
 * changes it made. Errors: kernel/link-missing, kernel/refused.
 */
export function setUpPrimary(kernel: Kernel, spec: PrimarySpec): Change[] {
  const link = findLinkByMac(kernel.host, spec.mac)
  if (!link) throw fail("kernel/link-missing", { mac: spec.mac, interfaceID: spec.id })
  const state = namespaceState(kernel.host)
  const isolating = state
    .rules()
    .some((r) => r.priority === rulePriority.local && r.table === localTable)
  const tcpEarlyDemux = spec.tcpEarlyDemux && !isolating
  const changes = unmetChanges(state, planPrimary({ ...spec, tcpEarlyDemux }, link.name))
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
    key: earlyDemux,
    value: spec.tcpEarlyDemux ? "1" : "0",
    optional: true,
  },
]
