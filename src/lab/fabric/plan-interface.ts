import type { Change, NetNamespace, Route } from "../../kernel/kernel.ts"
import { formatAddress } from "../../vpc/cidr.ts"
import { awsAddress } from "./addresses.ts"
import { farEndOf, nearEndOf } from "./far-end.ts"
import { blocksOf, cidrOf, type FabricInterface, type FabricSubnet, gatewayOf } from "./vpc-view.ts"

/** As in a VPC within a region ("Network maximum transmission unit", EC2 user guide). */
export const vpcMtu = 9001
export const mainTable = 254

/** The link of an ENI: what to do in the fabric, and what an instance's boot would do inside the node. */
export interface InterfacePlan {
  readonly fabric: readonly Change[]
  readonly node: readonly Change[]
}

/**
 * Connects an ENI to its node. The VPC delivers to the ENI's MAC without asking by ARP, because a guest does not own
 * the addresses of its pods and would not answer; hence one permanent neighbour per ENI, which all its routes go
 * through. A secondary ENI comes down and bare; the primary one as an AMI's DHCP client leaves it.
 */
export function planInterface(
  eni: FabricInterface,
  subnet: FabricSubnet,
  node: NetNamespace,
): InterfacePlan {
  const far = farEndOf(eni.id)
  const near = nearEndOf(eni.deviceIndex)
  return {
    fabric: [
      {
        do: "addVeth",
        name: far,
        mtu: vpcMtu,
        up: true,
        peer: { name: near, mac: eni.mac, in: node },
      },
      { do: "setLink", name: far, alias: `${eni.id} ${eni.instanceId}` },
      // A proxied ARP answer is put off by up to 0.8 s (neigh/proxy_delay, arp(7)); user namespaces lack the key.
      { do: "sysctl", key: `net.ipv4.neigh.${far}.proxy_delay`, value: "0", optional: true },
      { do: "putNeighbour", neighbour: { link: far, address: eni.primaryAddress, mac: eni.mac } },
    ],
    node: eni.deviceIndex === 0 ? planPrimary(eni, subnet, near) : [],
  }
}

function planPrimary(eni: FabricInterface, subnet: FabricSubnet, near: string): Change[] {
  const block = cidrOf(subnet.cidr)
  const gateway = formatAddress(gatewayOf(block))
  return [
    { do: "setLink", name: near, up: true },
    { do: "putAddress", link: near, address: `${eni.primaryAddress}/${block.length}` },
    { do: "putRoute", route: { to: "0.0.0.0/0", via: gateway, link: near, table: mainTable } },
  ]
}

/** Fabric's routes to everything an ENI owns, by destination; the primary address first, the others go via it. */
export function routesOf(eni: FabricInterface): Map<string, Route> {
  const link = farEndOf(eni.id)
  const common = { link, table: mainTable, source: awsAddress }
  return new Map(
    blocksOf(eni).map((to) => [
      to,
      to === `${eni.primaryAddress}/32`
        ? { ...common, to, scope: "link" }
        : { ...common, to, via: eni.primaryAddress },
    ]),
  )
}

/** From what is routed to an ENI to what should be. Removals first: an address may have moved to another ENI. */
export function routeChanges(
  before: ReadonlyMap<string, Route>,
  after: ReadonlyMap<string, Route>,
): { readonly remove: Change[]; readonly put: Change[] } {
  const gone = [...before].filter(([to]) => !after.has(to))
  const fresh = [...after].filter(([to]) => !before.has(to))
  return {
    remove: gone.map(([, route]) => ({ do: "removeRoute", route })),
    put: fresh.map(([, route]) => ({ do: "putRoute", route })),
  }
}
