import { fail } from "../../errors/catalogue.ts"
import type { Change, Kernel, Link, NetNamespace } from "../../kernel/kernel.ts"
import { applyEach, undoOf } from "../../kernel/undo-changes.ts"
import { namespaceState, unmetChanges } from "../../kernel/unmet-changes.ts"
import { type Cidr, formatCidr, parseCidr } from "../../vpc/cidr.ts"
import { exitRoutes, isolation, localBehindIsolated } from "./eni-routing.ts"
import { isolatedTableOf, mainTable, rulePriority, tableOf } from "./tables.ts"

/** A secondary ENI as NodeNetwork.status tells it, and the MTU it is to have (AWS_VPC_ENI_MTU). */
export interface InterfaceSpec {
  /** eni-... */
  readonly id: string
  readonly mac: string
  readonly deviceIndex: number
  readonly networkCard: number
  readonly primaryAddress: string
  readonly subnetCIDR: string
  readonly mtu: number
  /** Carries pods that are reached by way of the VPC only (PodAttachment.isolated). */
  readonly isolated?: boolean
}

/**
 * The link of an ENI; undefined while the instance does not see it. Links on top of it (vlan, macvlan, bond) can have
 * its MAC too, so one without a kind, a physical one, goes first.
 */
export function findLinkByMac(host: Pick<NetNamespace, "links">, mac: string): Link | undefined {
  const found = host.links().filter((link) => link.mac === mac.toLowerCase())
  return found.find((link) => link.kind === undefined) ?? found[0]
}

/**
 * Makes a secondary ENI carry pods: addresses its link and fills its routing table. May be applied again at any time,
 * and then only puts back what is missing; returns the changes it made. On failure it undoes what it did.
 * Errors: kernel/link-missing, kernel/refused.
 */
export function setUpInterface(kernel: Kernel, spec: InterfaceSpec): Change[] {
  const host = kernel.host
  const link = findLinkByMac(host, spec.mac)
  if (!link) throw fail("kernel/link-missing", { mac: spec.mac, interfaceID: spec.id })
  const first = spec.isolated ? unmetChanges(namespaceState(host), localBehindIsolated) : []
  host.apply(first)
  const strays = strayAddresses(host, link.name, spec)
  const plan = planInterface(spec, link.name)
  // Removing an address can take others of its subnet along (net.ipv4.conf.*.promote_secondaries=0): all is put again.
  const changes =
    strays.length > 0 ? [...strays, ...plan] : unmetChanges(namespaceState(host), plan)
  try {
    host.apply(changes)
  } catch (error) {
    applyEach(host, undoOf(changes))
    throw error
  }
  return [...first, ...changes]
}

/** The state that a secondary ENI needs, link by name. */
function planInterface(spec: InterfaceSpec, link: string): Change[] {
  const table = tableOf(spec)
  const subnet = subnetOf(spec)
  return [
    { do: "setLink", name: link, mtu: spec.mtu, up: true },
    // Without a prefix route: the node's own traffic to this subnet leaves by the primary ENI, as the source it has.
    { do: "putAddress", link, address: ownAddress(spec), noPrefixRoute: true },
    // Other programs that configure links may have put the prefix route there all the same.
    {
      do: "removeRoute",
      route: { to: formatCidr(subnet), link, table: mainTable, scope: "link" },
    },
    ...(exitRoutes(spec.subnetCIDR, link, table) ?? []),
    { do: "putRule", rule: fromInterface(spec) },
    ...(spec.isolated ? isolation(link, table) : []),
  ]
}

/** Takes away what setUpInterface made; what is gone already is fine. The link itself goes when the ENI is detached. */
export function tearDownInterface(kernel: Kernel, spec: InterfaceSpec): void {
  const host = kernel.host
  const table = tableOf(spec)
  const link = findLinkByMac(host, spec.mac)?.name
  host.apply([
    ...host
      .rules()
      .filter(
        ({ priority, from, table: leadsTo }) =>
          (priority === rulePriority.fromInterface && from === `${spec.primaryAddress}/32`) ||
          (priority < rulePriority.local && leadsTo === isolatedTableOf(table)),
      )
      .map((rule): Change => ({ do: "removeRule", rule })),
    ...host
      .routes(table)
      .filter((route) => route.link === link || route.link === undefined)
      // A route by way of a gateway goes before the route to the gateway.
      .sort((a, b) => Number(b.via !== undefined) - Number(a.via !== undefined))
      .map((route): Change => ({ do: "removeRoute", route })),
    ...(link === undefined ? [] : host.addresses(link)).map(
      (address): Change => ({ do: "removeAddress", link: address.link, address: address.address }),
    ),
  ])
}

/** Addresses on the link that are not the ENI's own: with a pod's address on it, the host would swallow the pod's packets. */
function strayAddresses(host: NetNamespace, link: string, spec: InterfaceSpec): Change[] {
  const own = ownAddress(spec)
  return host
    .addresses(link)
    .filter(({ address }) => address !== own && !address.startsWith("169.254."))
    .map(({ address }) => ({ do: "removeAddress", link, address }))
}

const fromInterface = (spec: InterfaceSpec) => ({
  priority: rulePriority.fromInterface,
  from: `${spec.primaryAddress}/32`,
  table: tableOf(spec),
})

const ownAddress = (spec: InterfaceSpec): string =>
  `${spec.primaryAddress}/${subnetOf(spec).length}`

function subnetOf(spec: InterfaceSpec): Cidr {
  const subnet = parseCidr(spec.subnetCIDR)
  if (subnet) return subnet
  const why = `"${spec.subnetCIDR}" is not a CIDR block`
  throw fail("kernel/refused", { operation: "set up", object: spec.id, errno: "EINVAL", why })
}
