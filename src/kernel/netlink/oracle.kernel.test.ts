// Goal: Berth and iproute2 see the same kernel: what one makes, the other reads.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { test } from "node:test"
import type { Change, NetNamespace, Route, Rule } from "../kernel.ts"
import { withNamespaces } from "../testing/namespaces-or-skip.ts"
import { netlinkKernel } from "./netlink-kernel.ts"

const hasIp = spawnSync("ip", ["-V"]).status === 0

function ip(namespace: NetNamespace, command: string): string {
  const args = ["-j", "-d", ...command.split(" ")]
  const done = namespace.enter(() => spawnSync("ip", args, { encoding: "utf8" }))
  assert.equal(done.status, 0, `ip ${command}: ${done.stderr}`)
  return done.stdout
}

type Json = Record<string, unknown>
const ipList = (namespace: NetNamespace, command: string): Json[] =>
  JSON.parse(ip(namespace, command) || "[]")

const tables: Record<string, number> = { local: 255, main: 254, default: 253 }
const tableOf = (name: unknown) => tables[String(name ?? "main")] ?? Number(name)
const cidr = (address: unknown, length: unknown) =>
  address === undefined || address === "all" ? undefined : `${address}/${length ?? 32}`
const compact = (value: object) =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined))
const sorted = (items: readonly object[]) => items.map((i) => JSON.stringify(compact(i))).sort()

const linksOf = (n: NetNamespace) =>
  ipList(n, "link show").map((l) => ({
    index: l["ifindex"],
    name: l["ifname"],
    mac: l["address"],
    mtu: l["mtu"],
    up: (l["flags"] as string[]).includes("UP"),
    kind: (l["linkinfo"] as Json | undefined)?.["info_kind"],
    alias: l["ifalias"],
  }))

const addressesOf = (n: NetNamespace) =>
  ipList(n, "-4 addr show").flatMap((l) =>
    ((l["addr_info"] as Json[] | undefined) ?? []).map((a) => ({
      link: l["ifname"],
      address: cidr(a["local"], a["prefixlen"]),
    })),
  )

const routesOf = (n: NetNamespace) =>
  ipList(n, "-4 route show table all")
    .filter((r) => !["local", "broadcast"].includes(String(r["type"])))
    .map((r) => ({
      to:
        r["dst"] === "default"
          ? "0.0.0.0/0"
          : String(r["dst"]).includes("/")
            ? r["dst"]
            : `${r["dst"]}/32`,
      link: r["dev"],
      via: r["gateway"],
      table: tableOf(r["table"]),
      scope: r["scope"] === "global" ? "universe" : r["scope"],
      source: r["prefsrc"],
      metric: r["metric"],
      type: r["type"],
    }))

const rulesOf = (n: NetNamespace) =>
  ipList(n, "-4 rule show")
    .filter((r) => !foreignPriorities.includes(Number(r["priority"])))
    .map((r) => ({
      priority: r["priority"],
      from: cidr(r["src"], r["srclen"]),
      to: cidr(r["dst"], r["dstlen"]),
      mark: r["fwmark"] && {
        value: Number(r["fwmark"]),
        mask: Number(r["fwmask"] ?? 0xffff_ffff),
      },
      incoming: r["iif"],
      table: tableOf(r["table"]),
    }))

const neighboursOf = (n: NetNamespace, link: string) =>
  ipList(n, `-4 neigh show nud permanent dev ${link}`).map((e) => ({
    link,
    address: e["dst"],
    mac: e["lladdr"],
  }))

function assertSame(n: NetNamespace): void {
  assert.deepEqual(sorted(n.links()), sorted(linksOf(n)))
  assert.deepEqual(sorted(n.addresses()), sorted(addressesOf(n)))
  assert.deepEqual(sorted(n.routes()), sorted(routesOf(n)))
  assert.deepEqual(sorted(n.rules()), sorted(rulesOf(n)))
  for (const { name } of n.links())
    assert.deepEqual(sorted(n.neighbours(name)), sorted(neighboursOf(n, name)))
}

withNamespaces((folder) => {
  const skip = hasIp ? false : "iproute2 is not installed"
  const kernel = netlinkKernel()

  test("ip reads what Berth makes", { skip }, () => {
    using undo = new DisposableStack()
    const namespace = undo.use(kernel.create(`${folder}/made`))
    undo.defer(() => kernel.remove(namespace.path))
    const plan: Change[] = [
      {
        do: "addVeth",
        name: "x",
        mtu: 9001,
        up: true,
        peer: { name: "y", in: namespace },
      },
      { do: "setLink", name: "x", alias: "berth c1" },
      { do: "setLink", name: "y", up: true },
      { do: "putAddress", link: "x", address: "100.64.1.10/24", noPrefixRoute: true },
      { do: "putAddress", link: "y", address: "10.0.0.5/24" },
      ...routes.map((route): Change => ({ do: "putRoute", route })),
      ...rules.map((rule): Change => ({ do: "putRule", rule })),
      {
        do: "putNeighbour",
        neighbour: { link: "x", address: "169.254.1.1", mac: "02:00:00:00:00:01" },
      },
    ]
    namespace.apply(plan)
    assert.equal(namespace.routes().length, routes.length + 1)
    assert.equal(namespace.rules().length, rules.length + 3)
    assertSame(namespace)
  })

  test("Berth reads what ip makes, also where there is more than one reply holds", { skip }, () => {
    using undo = new DisposableStack()
    const namespace = undo.use(kernel.create(`${folder}/read`))
    undo.defer(() => kernel.remove(namespace.path))
    for (const command of [
      "link add x mtu 1400 type veth peer name y",
      "link set x up alias seen",
      "link set y up",
      "addr add 10.0.0.5/16 dev x",
      "addr add 10.0.0.6/16 dev x",
      "route add 172.16.0.0/12 via 10.0.0.1 metric 70",
      "route add blackhole 192.0.2.0/24 table 77",
      "rule add fwmark 0x80 prio 9 lookup 100000",
      ...foreignRules.map((rule) => `rule add ${rule}`),
      "neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 nud permanent dev x",
      "neigh add 10.0.0.10 lladdr 02:00:00:00:00:0a nud reachable dev x",
    ])
      ip(namespace, command)
    const many = Array.from({ length: 1500 }, (_, i) => `10.${100 + (i >> 8)}.${i & 255}.0/24`)
    namespace.apply(
      many.map((to): Change => ({ do: "putRoute", route: { to, link: "x", table: 254 } })),
    )
    assert.equal(namespace.routes(254).length, 1502)
    assertSame(namespace)
  })
})

/** What a Rule cannot state: to be left out, not to be read as something simpler. */
const foreignRules = [
  "not to 10.0.0.7 prio 90 lookup 9",
  "oif x to 10.0.0.7 prio 91 lookup 9",
  "ipproto tcp dport 22 to 10.0.0.7 prio 92 lookup 9",
  "uidrange 0-9 to 10.0.0.7 prio 93 lookup 9",
  "tos 0x10 to 10.0.0.7 prio 94 lookup 9",
  "to 10.0.0.7 prio 95 blackhole",
  "to 10.0.0.7 prio 96 lookup 9 suppress_prefixlength 0",
]
const foreignPriorities = [90, 91, 92, 93, 94, 95, 96]

const routes: readonly Route[] = [
  { to: "100.64.1.1/32", link: "x", table: 2, scope: "link" },
  { to: "0.0.0.0/0", via: "100.64.1.1", link: "x", table: 2 },
  { to: "100.64.1.1/32", link: "x", table: 10_101 },
  { to: "10.7.0.0/16", link: "y", source: "10.0.0.5", metric: 50, table: 254 },
  { to: "10.8.0.0/16", type: "unreachable", table: 9 },
]
const rules: readonly Rule[] = [
  { priority: 512, to: "100.64.1.20/32", table: 254 },
  { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 },
  { priority: 1535, to: "10.0.0.0/8", table: 254 },
  { priority: 1536, from: "100.64.1.20/32", table: 10_101 },
  { priority: 1537, incoming: "nosuch", table: 2 },
]
