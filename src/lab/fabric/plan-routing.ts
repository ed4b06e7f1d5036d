import type { Change, Route } from "../../kernel/kernel.ts"
import { formatAddress } from "../../vpc/cidr.ts"
import { awsAddress } from "./addresses.ts"
import { farEndOf, links } from "./far-end.ts"
import { mainTable } from "./plan-interface.ts"
import { cidrOf, type FabricRoute, gatewayOf, type VpcView } from "./vpc-view.ts"

/**
 * After the main table (32766): addresses inside the VPC are found first, and only what is outside asks the subnet's
 * route table, as the local route of a VPC always wins ("Route priority", VPC user guide).
 */
const subnetRulePriority = 40_000

/** What the fabric's namespace needs before anything is connected. */
export const baseChanges: readonly Change[] = [
  { do: "setLink", name: "lo", up: true },
  { do: "putAddress", link: "lo", address: `${awsAddress}/32` },
  sysctl("net.ipv4.ip_forward", "1"),
  // The source check is nftables' business: it counts, and can be switched off by ENI.
  sysctl("net.ipv4.conf.all.rp_filter", "0"),
  sysctl("net.ipv4.conf.default.rp_filter", "0"),
  // Hosts of one subnet ask for each other by ARP and must be answered with the router's MAC, without redirects.
  sysctl("net.ipv4.conf.all.proxy_arp", "1"),
  sysctl("net.ipv4.conf.all.send_redirects", "0"),
  sysctl("net.ipv4.conf.default.send_redirects", "0"),
  { ...sysctl("net.ipv6.conf.default.disable_ipv6", "1"), optional: true },
]

function sysctl(key: string, value: string): Change & { do: "sysctl" } {
  return { do: "sysctl", key, value }
}

/** What follows from VPC and subnets, each change under a key that changes with it. */
export interface RoutingPlan {
  readonly gateways: ReadonlySet<string>
  readonly tables: ReadonlySet<number>
  readonly routes: ReadonlyMap<string, Route>
}

export const emptyRouting: RoutingPlan = {
  gateways: new Set(),
  tables: new Set(),
  routes: new Map(),
}

/** `wired`: interfaces whose link exists; a route to another one would be refused. */
export function planRouting(
  view: VpcView,
  tableOf: (subnetId: string) => number,
  wired: ReadonlySet<string>,
): RoutingPlan {
  const routes = new Map<string, Route>()
  const add = (route: Route) => routes.set(JSON.stringify(route), route)
  // An address of the VPC that nobody has is dropped, and never follows a default route.
  for (const to of view.cidrs) add({ to, type: "blackhole", table: mainTable })
  for (const subnet of view.subnets)
    for (const route of subnet.routes) {
      const way = wayOf(view, route, wired)
      if (way) add({ to: route.to, ...way, table: tableOf(subnet.id) })
    }
  return {
    gateways: new Set(view.subnets.map((s) => `${formatAddress(gatewayOf(cidrOf(s.cidr)))}/32`)),
    tables: new Set(view.subnets.map((s) => tableOf(s.id))),
    routes,
  }
}

function wayOf(
  view: VpcView,
  route: FabricRoute,
  wired: ReadonlySet<string>,
): Pick<Route, "link" | "via"> | undefined {
  switch (route.target) {
    case "internet-gateway":
      return { link: links.internet }
    case "on-premises":
      return { link: links.onPremises }
    case "nat-gateway":
      return { link: route.public ? links.internet : links.onPremises }
    case "interface": {
      const eni = view.interfaces.find((i) => i.id === route.id)
      if (!eni || eni.sourceDestCheck || !wired.has(eni.id)) return undefined
      return { link: farEndOf(eni.id), via: eni.primaryAddress }
    }
  }
}

/** What is left when a link goes: the kernel removes its routes. */
export const withoutLink = (plan: RoutingPlan, link: string): RoutingPlan => ({
  ...plan,
  routes: new Map([...plan.routes].filter(([, route]) => route.link !== link)),
})

export function routingChanges(before: RoutingPlan, after: RoutingPlan): Change[] {
  const rule = (table: number) => ({
    priority: subnetRulePriority,
    mark: { value: table, mask: 0xffffffff },
    table,
  })
  const left = (a: Iterable<string>, b: { has(key: string): boolean }) =>
    [...a].filter((key) => !b.has(key))
  const tables = (a: RoutingPlan, b: RoutingPlan) => [...a.tables].filter((t) => !b.tables.has(t))
  const routes = (a: RoutingPlan, b: RoutingPlan) =>
    left(a.routes.keys(), b.routes).flatMap((key) => a.routes.get(key) ?? [])
  return [
    ...tables(before, after).map((t): Change => ({ do: "removeRule", rule: rule(t) })),
    ...routes(before, after).map((route): Change => ({ do: "removeRoute", route })),
    ...left(before.gateways, after.gateways).map(
      (address): Change => ({ do: "removeAddress", link: "lo", address }),
    ),
    ...left(after.gateways, before.gateways).map(
      (address): Change => ({ do: "putAddress", link: "lo", address }),
    ),
    ...routes(after, before).map((route): Change => ({ do: "putRoute", route })),
    ...tables(after, before).map((t): Change => ({ do: "putRule", rule: rule(t) })),
  ]
}
