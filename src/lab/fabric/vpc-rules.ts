import { awsAddress } from "./addresses.ts"
import { farEndOf, links } from "./far-end.ts"
import { arriving, chainOfGroup, groupRules, membersOfGroup } from "./group-chains.ts"
import type { Chain, NamedMap, NamedSet, RuleSet } from "./rule-set.ts"
import type { FabricInterface, VpcView } from "./vpc-view.ts"

export const fabricTable = "ip fabric"

export const chainOfInterface = (id: string, way: "in" | "out") => `${way}/${id}`
export const deniedCounter = (id: string, way: "in" | "out") => `denied-${way}/${id}`

const quoted = (link: string) => `"${link}"`
const linkOf = (eni: FabricInterface) => quoted(farEndOf(eni.id))

/**
 * The fabric's filter and NAT as nftables rules. The fixed chains name only sets and maps, so an interface that comes
 * or goes changes elements and its own two chains, and an address that is handed out changes nothing here: who owns
 * which address is in the routes, and the source check asks those (`fib`).
 */
export function vpcRules(view: VpcView, tableOf: (subnetId: string) => number): RuleSet {
  return {
    chains: new Map([...fixedChains, ...groupChains(view), ...interfaceChains(view)]),
    sets: sets(view, tableOf),
    maps: maps(view, tableOf),
    counters: new Set([
      ...Object.values(drops),
      ...view.interfaces.flatMap((eni) => [
        deniedCounter(eni.id, "in"),
        deniedCounter(eni.id, "out"),
      ]),
    ]),
  }
}

/** Counters of what is dropped for another reason than a security group. */
export const drops = {
  foreignSource: "foreign-source",
  unknownInterface: "unknown-interface",
  noPublicAddress: "no-public-address",
} as const

const internet = quoted(links.internet)
const premises = quoted(links.onPremises)

const fixedChains: readonly [string, Chain][] = [
  [
    "source-check",
    {
      hook: "type filter hook prerouting priority raw; policy accept;",
      // No route back through the interface a packet came from: its ENI does not own the source address.
      rules: [`iifname @checked fib saddr . iif oif 0 counter name "${drops.foreignSource}" drop`],
    },
  ],
  [
    "choose-route-table",
    {
      hook: "type filter hook prerouting priority mangle; policy accept;",
      rules: ["meta mark set iifname map @route-table"],
    },
  ],
  [
    "inbound-nat",
    {
      hook: "type nat hook prerouting priority dstnat; policy accept;",
      rules: [`iifname ${internet} dnat to ip daddr map @private-address`],
    },
  ],
  [
    "outbound-nat",
    {
      hook: "type nat hook postrouting priority srcnat; policy accept;",
      rules: [
        "snat to meta mark . oifname map @nat-address",
        `oifname ${internet} snat to ip saddr map @public-address`,
      ],
    },
  ],
  [
    "forward",
    {
      hook: "type filter hook forward priority filter; policy drop;",
      rules: [
        "ct state established,related accept",
        "iifname vmap @leaving",
        `iifname { ${internet}, ${premises} } goto ${arriving}`,
        `counter name "${drops.unknownInterface}"`,
      ],
    },
  ],
  [
    "input",
    {
      hook: "type filter hook input priority filter; policy drop;",
      rules: [
        'iifname "lo" accept',
        "ct state established,related accept",
        // Gateways answer ping, which helps whoever looks for the break in a path.
        `ip daddr != ${awsAddress} icmp type echo-request accept`,
        `ip daddr ${awsAddress} iifname @primary accept`,
        `ip daddr ${awsAddress} iifname vmap @leaving`,
      ],
    },
  ],
  [
    arriving,
    {
      rules: [
        "oifname vmap @entering",
        `oifname ${internet} goto exit`,
        `oifname ${premises} accept`,
        `ip daddr ${awsAddress} accept`,
        "drop",
      ],
    },
  ],
  [
    "exit",
    {
      rules: [
        "meta mark @behind-nat accept",
        "ip saddr @with-public-address accept",
        `counter name "${drops.noPublicAddress}" drop`,
      ],
    },
  ],
]

function groupChains(view: VpcView): [string, Chain][] {
  const known = new Set(view.groups.map((group) => group.id))
  return view.groups.flatMap((group) =>
    (["in", "out"] as const).map((way): [string, Chain] => [
      chainOfGroup(group.id, way),
      { rules: groupRules(group, way, (id) => known.has(id)) },
    ]),
  )
}

function interfaceChains(view: VpcView): [string, Chain][] {
  const known = new Set(view.groups.map((group) => group.id))
  return view.interfaces.flatMap((eni) =>
    (["in", "out"] as const).map((way): [string, Chain] => [
      chainOfInterface(eni.id, way),
      {
        rules: [
          ...eni.groups.filter((g) => known.has(g)).map((g) => `jump ${chainOfGroup(g, way)}`),
          `counter name "${deniedCounter(eni.id, way)}" drop`,
        ],
      },
    ]),
  )
}

function sets(view: VpcView, tableOf: (subnetId: string) => number): Map<string, NamedSet> {
  const interfaces = (which: (eni: FabricInterface) => boolean): NamedSet => ({
    type: "ifname",
    elements: new Set(view.interfaces.filter(which).map(linkOf)),
  })
  const natted = view.subnets.filter((subnet) =>
    subnet.routes.some((route) => route.target === "nat-gateway" && route.public),
  )
  return new Map<string, NamedSet>([
    ["checked", interfaces((eni) => eni.sourceDestCheck)],
    ["primary", interfaces((eni) => eni.deviceIndex === 0)],
    ["behind-nat", { type: "mark", elements: new Set(natted.map((s) => `${tableOf(s.id)}`)) }],
    [
      "with-public-address",
      { type: "ipv4_addr", elements: new Set(publicPairs(view).map(([own]) => own)) },
    ],
    ...view.groups.map((group): [string, NamedSet] => [
      membersOfGroup(group.id),
      interfaces((eni) => eni.groups.includes(group.id)),
    ]),
  ])
}

function maps(view: VpcView, tableOf: (subnetId: string) => number): Map<string, NamedMap> {
  const verdicts = (way: "in" | "out"): NamedMap => ({
    type: "ifname : verdict",
    elements: new Map(
      view.interfaces.map((eni) => [linkOf(eni), `goto ${chainOfInterface(eni.id, way)}`]),
    ),
  })
  const addresses = (pairs: readonly (readonly [string, string])[]): NamedMap => ({
    type: "ipv4_addr : ipv4_addr",
    elements: new Map(pairs),
  })
  return new Map<string, NamedMap>([
    ["leaving", verdicts("out")],
    ["entering", verdicts("in")],
    [
      "route-table",
      {
        type: "ifname : mark",
        elements: new Map(view.interfaces.map((eni) => [linkOf(eni), `${tableOf(eni.subnetId)}`])),
      },
    ],
    ["nat-address", { type: "mark . ifname : ipv4_addr", elements: natAddresses(view, tableOf) }],
    ["public-address", addresses(publicPairs(view))],
    ["private-address", addresses(publicPairs(view).map(([own, elastic]) => [elastic, own]))],
  ])
}

/** Of each subnet and exit the first NAT gateway: two behind one exit would need a map by destination. */
function natAddresses(view: VpcView, tableOf: (subnetId: string) => number): Map<string, string> {
  const found = new Map<string, string>()
  for (const subnet of view.subnets)
    for (const route of subnet.routes) {
      if (route.target !== "nat-gateway") continue
      const key = `${tableOf(subnet.id)} . ${route.public ? internet : premises}`
      if (!found.has(key)) found.set(key, route.address)
    }
  return found
}

const publicPairs = (view: VpcView): [string, string][] =>
  view.interfaces.flatMap((eni) => Object.entries(eni.publicAddresses))
