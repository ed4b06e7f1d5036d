import { holds, parseAddress, parseCidr } from "../../vpc/cidr.ts"
import type { NetworkInterface } from "../../vpc/model.ts"
import { type FleetIndex, isTrue } from "../facts/fleet-index.ts"
import type { GroupRule, NodeFacts, RouteTableFacts } from "../snapshot.ts"
import type { Fact } from "./explanation.ts"

/**
 * The way of a packet from a pod to a destination: which source address, interface and security groups it leaves
 * with, and which route table decides about it. Follows the rules that the node programs (SNAT only outside the VPC
 * and AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS, and not with AWS_VPC_K8S_CNI_EXTERNALSNAT).
 */
export function pathTo(
  index: FleetIndex,
  node: NodeFacts,
  podAddress: string,
  destination: string,
): Fact[] {
  const to = parseAddress(destination)
  if (to === undefined) throw new Error(`${destination} is not an IPv4 address`)
  const rules = translationOf(index)
  const within = (cidrs: readonly string[]) => cidrs.find((c) => isIn(c, to))
  const inVpc = within((index.snapshot.aws?.vpc?.cidrs ?? []).map((c) => c.cidr))
  const excluded = within(rules.excluded)
  const viaMain = within(rules.viaPrimary)
  const { external } = rules
  const snat = inVpc === undefined && excluded === undefined && !external
  const own = index.holderOf(podAddress)
  const primary = index.interfacesOf(node)[0]
  const leaves = snat || viaMain !== undefined ? primary : own
  const source = snat
    ? (primary?.primaryAddress ?? node.internalIP ?? "the node's address")
    : podAddress
  return [
    {
      name: "to",
      value: `${destination} (${inVpc ? `inside the VPC, ${inVpc}` : "outside the VPC"})`,
    },
    { name: "source address", value: `${source} (${whySource({ inVpc, excluded, external })})` },
    {
      name: "leaves by",
      value:
        leaves === undefined
          ? "an interface that is not known"
          : `${leaves.id} in ${leaves.subnetId}${leaves === primary ? ", the node's primary interface" : ""}`,
    },
    { name: "security groups", value: groupsSay(index, leaves, destination) },
    { name: "route", value: routeSays(index, leaves, to) },
  ]
}

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

function whySource(why: {
  inVpc: string | undefined
  excluded: string | undefined
  external: boolean
}): string {
  if (why.inVpc !== undefined) return "inside the VPC pods keep their address"
  if (why.excluded !== undefined) return `${why.excluded} is in AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS`
  if (why.external) return "AWS_VPC_K8S_CNI_EXTERNALSNAT is on: the node does not translate"
  return "translated to the node's primary address"
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

function routeSays(index: FleetIndex, leaves: NetworkInterface | undefined, to: number): string {
  const tables = index.snapshot.aws?.routeTables ?? []
  const table =
    tables.find((t) => leaves !== undefined && t.subnetIds.includes(leaves.subnetId)) ??
    tables.find((t) => t.main)
  if (table === undefined) return "route tables were not read"
  const route = longestMatch(table, to)
  if (route === undefined) return `${table.id} has no route to it: the packet is dropped`
  return `${table.id}: ${route.destination} to ${route.target}${route.blackhole ? " (blackhole: the packet is dropped)" : ""}`
}

function longestMatch(
  table: RouteTableFacts,
  to: number,
): RouteTableFacts["routes"][number] | undefined {
  const length = (cidr: string) => parseCidr(cidr)?.length ?? -1
  return table.routes
    .filter((r) => isIn(r.destination, to))
    .sort((a, b) => length(b.destination) - length(a.destination))[0]
}
