import { holds, parseAddress, parseCidr } from "../../vpc/cidr.ts"
import type { NetworkInterface } from "../../vpc/model.ts"
import { type FleetIndex, isTrue } from "../facts/fleet-index.ts"
import type { GroupRule, NodeFacts, RouteTableFacts } from "../snapshot.ts"
import type { Fact } from "./explanation.ts"

/** Who sends: a pod with an address of its own, isolated by security groups or not, or the host itself. */
export interface Sender {
  readonly node: NodeFacts
  readonly address: string
  readonly kind: "pod" | "isolated pod" | "host"
}

/**
 * The way of a packet to a destination: which source address, interface and security groups it leaves with, which route
 * decides about it, and whom the other side sees. Follows the rules that the node programs: SNAT only outside the VPC
 * and AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS, not with AWS_VPC_K8S_CNI_EXTERNALSNAT, and never for isolated pods.
 */
export function pathTo(index: FleetIndex, sender: Sender, destination: string): Fact[] {
  const to = parseAddress(destination)
  if (to === undefined) throw new Error(`${destination} is not an IPv4 address`)
  const inVpc = blockWith(
    (index.snapshot.aws?.vpc?.cidrs ?? []).map((c) => c.cidr),
    to,
  )
  const { source, why, leaves, primary } = departure(index, sender, { to, inVpc })
  const route = routeOf(index, leaves, to)
  return [
    {
      name: "to",
      value: `${destination} (${inVpc ? `inside the VPC, ${inVpc}` : "outside the VPC"})`,
    },
    { name: "source address", value: `${source} (${why})` },
    {
      name: "leaves by",
      value:
        leaves === undefined
          ? "an interface that is not known"
          : `${leaves.id} in ${leaves.subnetId}${leaves === primary ? ", the node's primary interface" : ""}`,
    },
    { name: "security groups", value: groupsSay(index, leaves, destination) },
    { name: "route", value: routeSays(route) },
    { name: "seen there as", value: seenAs(index, source, route) },
  ]
}

interface Departure {
  readonly source: string
  readonly why: string
  readonly leaves: NetworkInterface | undefined
  readonly primary: NetworkInterface | undefined
}

function departure(
  index: FleetIndex,
  { node, address, kind }: Sender,
  { to, inVpc }: { to: number; inVpc: string | undefined },
): Departure {
  const primary = index.interfacesOf(node)[0]
  const own = kind === "host" ? primary : index.holderOf(address)
  const stays = (why: string, leaves = own): Departure => ({
    source: address,
    why,
    leaves,
    primary,
  })
  if (kind === "host") return stays("the node's own (hostNetwork)")
  if (kind === "isolated pod") return stays("pods with security groups of their own keep theirs")
  const { external, excluded, viaPrimary } = translationOf(index)
  const leaves = blockWith(viaPrimary, to) === undefined ? own : primary
  if (inVpc !== undefined) return stays("inside the VPC pods keep their address", leaves)
  const block = blockWith(excluded, to)
  if (block !== undefined) return stays(`${block} is in AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS`, leaves)
  if (external)
    return stays("AWS_VPC_K8S_CNI_EXTERNALSNAT is on: the node does not translate", leaves)
  const source = primary?.primaryAddress ?? node.internalIP ?? "the node's address"
  return { source, why: "translated to the node's primary address", leaves: primary, primary }
}

const blockWith = (cidrs: readonly string[], address: number) =>
  cidrs.find((cidr) => isIn(cidr, address))

/** What the node's SNAT is told: nothing is translated when external, nor to what is excluded. */
export function translationOf({ snapshot }: FleetIndex) {
  const env = snapshot.cluster.daemonSet?.env ?? {}
  return {
    external: isTrue(env["AWS_VPC_K8S_CNI_EXTERNALSNAT"]),
    excluded: listOf(env["AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"]),
    /** Leaves by the primary interface, whatever its source. */
    viaPrimary: listOf(env["AWS_EXTERNAL_SERVICE_CIDRS"]),
  }
}

const listOf = (text: string | undefined) =>
  (text ?? "")
    .split(",")
    .map((c) => c.trim())
    .filter((c) => c !== "")

function isIn(cidr: string, address: number): boolean {
  const block = parseCidr(cidr)
  return block !== undefined && holds(block, address)
}

/** Egress only: what comes back to an allowed connection is allowed (security groups are stateful). */
function groupsSay(
  index: FleetIndex,
  leaves: NetworkInterface | undefined,
  destination: string,
): string {
  if (leaves === undefined) return "not known"
  const ids = leaves.securityGroups.join(", ")
  const groups =
    index.snapshot.aws?.securityGroups.filter((g) => leaves.securityGroups.includes(g.id)) ?? []
  const rules = groups.flatMap((g) => g.rules ?? [])
  if (groups.length === 0 || groups.some((g) => g.rules === undefined))
    return `${ids} (rules not read)`
  const allowed = rules.filter((r) => r.direction === "egress" && allows(index, r, destination))
  if (allowed.length === 0) return `${ids}: no egress rule allows it`
  return `${ids}: egress allowed (${[...new Set(allowed.map(ruleText))].slice(0, 3).join("; ")})`
}

function allows(index: FleetIndex, rule: GroupRule, destination: string): boolean {
  if (rule.peer.startsWith("sg-"))
    return index.holderOf(destination)?.securityGroups.includes(rule.peer) ?? false
  const address = parseAddress(destination)
  return address !== undefined && isIn(rule.peer, address)
}

const ruleText = (r: GroupRule) =>
  `${r.protocol === "-1" ? "all" : r.protocol}${r.fromPort === undefined || r.fromPort < 0 ? "" : ` ${r.fromPort}-${r.toPort ?? r.fromPort}`} to ${r.peer}`

type Route = RouteTableFacts["routes"][number]

/** The table that decides, and its route; neither where tables were not read. */
function routeOf(
  { snapshot }: FleetIndex,
  leaves: NetworkInterface | undefined,
  to: number,
): { table?: string; route?: Route } {
  const tables = snapshot.aws?.routeTables ?? []
  const table =
    tables.find((t) => leaves !== undefined && t.subnetIds.includes(leaves.subnetId)) ??
    tables.find((t) => t.main)
  if (table === undefined) return {}
  const route = longestMatch(table, to)
  return { table: table.id, ...(route && { route }) }
}

function routeSays({ table, route }: ReturnType<typeof routeOf>): string {
  if (table === undefined) return "route tables were not read"
  if (route === undefined) return `${table} has no route to it: the packet is dropped`
  return `${table}: ${route.destination} to ${route.target}${route.blackhole ? " (blackhole: the packet is dropped)" : ""}`
}

/** The source address once NAT and internet gateways have had their way. */
function seenAs(
  { snapshot }: FleetIndex,
  source: string,
  { table, route }: ReturnType<typeof routeOf>,
): string {
  if (table === undefined) return "not known"
  if (route === undefined || route.blackhole) return "nothing arrives"
  const { target } = route
  if (target.startsWith("nat-")) {
    const gateway = snapshot.aws?.natGateways?.find((g) => g.id === target)
    if (gateway === undefined) return `the address of ${target} (not read)`
    return `${gateway.publicAddress ?? gateway.privateAddress} (${target})`
  }
  if (target.startsWith("igw-"))
    return `the public address that ${source} has; without one it is dropped`
  return source
}

function longestMatch(table: RouteTableFacts, to: number): Route | undefined {
  const length = (cidr: string) => parseCidr(cidr)?.length ?? -1
  return table.routes
    .filter((r) => isIn(r.destination, to))
    .sort((a, b) => length(b.destination) - length(a.destination))[0]
}
