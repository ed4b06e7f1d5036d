import type { PlacementDemand } from "../api/nodenetwork.ts"
import type {
  NamespaceStatus,
  SubnetPool,
  SubnetPoolStatus,
  SubnetStatus,
} from "../api/subnetpool.ts"
import type { Forecast } from "../fleet/forecast.ts"
import { parsePlacementKey } from "../placement/placement.ts"
import type { NodeOverlap } from "../placement/pool-overlap.ts"
import type { Read } from "../placement/read.ts"
import { termSelects } from "../placement/subnet-terms.ts"
import type { Subnet } from "../vpc/model.ts"
import { type ConditionState, reasonOf, withTransitions } from "./conditions.ts"
import type { NodeState } from "./node-state.ts"
import { isExhaustion } from "./node-status.ts"
import type { NamespaceUse } from "./quota-book.ts"
import type { Surveyed } from "./subnet-survey.ts"
import { addressesOn } from "./tally.ts"

export interface PoolNode {
  readonly state: Pick<NodeState, "interfaces" | "written">
  readonly demand: readonly PlacementDemand[]
}

export interface PoolInput {
  readonly pool: SubnetPool
  readonly subnets: Read<readonly Subnet[]>
  readonly nodes: readonly PoolNode[]
  readonly survey: (subnetID: string) => Surveyed | undefined
  readonly trend: (subnetID: string) => Forecast | undefined
  readonly freeIn: (subnetID: string) => number | undefined
  readonly promisedIn: (subnetID: string) => number
  /** Nodes that several pools select. */
  readonly overlaps: readonly NodeOverlap[]
  /** By namespace; counted only for pools with a quota. */
  readonly use: ReadonlyMap<string, NamespaceUse>
  readonly now: number
}

/** Namespaces listed in a status: an object has a limit, and who comes next is found on the nodes. */
const namespacesMax = 100

/** The subnets of the VPC that a pool selects, whatever their zone. */
export const subnetsSelected = (pool: SubnetPool, subnets: readonly Subnet[]): Subnet[] =>
  subnets.filter((subnet) => pool.spec.subnets.some((term) => termSelects(term, subnet)))

/** What a pool says of itself: how full its subnets are, who fills them, and what stands in the way. */
export function poolStatus(input: PoolInput): SubnetPoolStatus {
  const { pool } = input
  const object = `SubnetPool/${pool.metadata.name}`
  const all = input.subnets.state === "found" ? input.subnets.value : []
  const subnets = subnetsSelected(pool, all).map((subnet) => subnetStatus(subnet, input))
  const users = input.nodes.filter(
    ({ state }) =>
      state.interfaces.some((iface) => iface.object === object) || isBound(pool, state.written),
  )
  const generation = pool.metadata.generation
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const namespaces = pool.spec.quotaPerNamespace === undefined ? undefined : namespacesOf(input)
  const states = conditionsOf(input, subnets, namespaces).map((c) => ({ ...c, ...observed }))
  const demand = input.nodes.flatMap((node) =>
    node.demand.filter((d) => takesFrom(pool, d.placement, node)),
  )
  const daysToFull = Math.min(...subnets.map((s) => s.daysToFull ?? Number.POSITIVE_INFINITY))
  return {
    ...observed,
    nodes: users.length,
    pods: sum(demand.map((d) => d.inUse)),
    waiting: sum(demand.map((d) => d.waiting)),
    free: sum(subnets.map((s) => s.free)),
    total: sum(subnets.map((s) => s.total)),
    ...(Number.isFinite(daysToFull) ? { daysToFull } : {}),
    subnets,
    ...(namespaces ? { namespaces: namespaces.slice(0, namespacesMax) } : {}),
    conditions: withTransitions(states, pool.status?.conditions, input.now),
  }
}

const isBound = (pool: SubnetPool, written: NodeState["written"]) =>
  written?.binding?.source === "SubnetPool" && written.binding.name === pool.metadata.name

/** Whether the placement takes its subnets from the pool: by its key, or because the node is bound to the pool. */
function takesFrom(pool: SubnetPool, placement: string, { state }: PoolNode): boolean {
  const selector = parsePlacementKey(placement)
  if (selector === undefined) return false
  return selector.pool === undefined
    ? isBound(pool, state.written)
    : selector.pool === pool.metadata.name
}

/** Those that wait come first, then those with most addresses. */
const namespacesOf = ({ use }: PoolInput): NamespaceStatus[] =>
  [...use]
    .map(([namespace, { addresses, waiting }]) => ({ namespace, addresses, waiting }))
    .sort(
      (a, b) =>
        b.waiting - a.waiting || b.addresses - a.addresses || (a.namespace < b.namespace ? -1 : 1),
    )

function subnetStatus(subnet: Subnet, input: PoolInput): SubnetStatus {
  const { id, zone, cidr } = subnet
  const survey = input.survey(id)
  const free = input.freeIn(id) ?? subnet.availableAddresses
  const total = survey?.map.total ?? 0
  const usedByUs = sum(
    input.nodes.map(({ state }) =>
      sum(
        state.interfaces
          .filter((iface) => iface.subnetID === id && iface.state !== "Foreign")
          .map((iface) => 1 + addressesOn(iface)),
      ),
    ),
  )
  const inFlight = input.promisedIn(id)
  const trend = input.trend(id)
  const largest = survey?.map.largestFree
  return {
    ...{ id, zone, cidr, total, usedByUs, inFlight, free },
    usedByOthers: Math.max(0, total - free - inFlight - usedByUs),
    cooling: sum(input.nodes.map((node) => coolingIn(id, node))),
    freePrefixes: survey?.map.freePrefixes ?? 0,
    ...(largest ? { largestBlock: largest.length } : {}),
    observedAt: new Date(survey?.at ?? input.now).toISOString(),
    ...(trend ? { burnRate: Math.round(trend.burnRate * 10) / 10 } : {}),
    ...(trend?.daysToFull === undefined
      ? {}
      : { daysToFull: Math.round(trend.daysToFull * 10) / 10 }),
  }
}

/** Agents count cooling addresses by placement; they lie where the placement has most of its addresses. */
function coolingIn(subnetID: string, { state, demand }: PoolNode): number {
  return sum(
    demand.map(({ placement, cooling }) => {
      if (cooling === 0) return 0
      const own = state.interfaces.filter((iface) => iface.placement === placement)
      const most = own.toSorted((a, b) => addressesOn(b) - addressesOn(a))[0]
      return most?.subnetID === subnetID ? cooling : 0
    }),
  )
}

function conditionsOf(
  input: PoolInput,
  subnets: readonly SubnetStatus[],
  namespaces: readonly NamespaceStatus[] | undefined,
): ConditionState[] {
  const why = exhaustion(input, subnets)
  const type = "SubnetExhausted"
  const exhausted: ConditionState =
    why === undefined
      ? { type, status: "False", reason: "None", message: "every zone has free addresses" }
      : { type, status: "True", reason: "NoFreeAddress", message: why }
  const ambiguous = ambiguity(input)
  const states = [readyOf(input, subnets, [ambiguous, exhausted]), exhausted, ambiguous]
  return namespaces ? [...states, quotaState(input.pool, namespaces)] : states
}

/** Not against Ready: the pool serves other namespaces. */
function quotaState({ spec }: SubnetPool, namespaces: readonly NamespaceStatus[]): ConditionState {
  const type = "QuotaReached"
  const quota = spec.quotaPerNamespace ?? 0
  const full = namespaces.filter((n) => n.addresses >= quota)
  if (full.length === 0)
    return { type, status: "False", reason: "None", message: "every namespace is below its quota" }
  const said = full
    .slice(0, 3)
    .map((n) => `${n.namespace} (${n.addresses} of ${quota}, ${n.waiting} pods wait)`)
  const more = full.length > said.length ? [`${full.length - said.length} more`] : []
  const message = `namespaces at their quota: ${[...said, ...more].join(", ")}`
  return { type, status: "True", reason: "NamespaceAtQuota", message }
}

function ambiguity({ pool, overlaps }: PoolInput): ConditionState {
  const type = "Ambiguous"
  const { name } = pool.metadata
  const shared = overlaps.filter((o) => o.pools.includes(name))
  const [first] = shared
  if (!first)
    return { type, status: "False", reason: "None", message: "no other pool selects its nodes" }
  const others = first.pools.filter((other) => other !== name).join(", ")
  const more = shared.length > 1 ? ` and ${shared.length - 1} more nodes` : ""
  const message = `node ${first.node}${more} also selected by ${others}; give one a higher spec.priority`
  return { type, status: "True", reason: "SeveralPools", message }
}

/** Pods that wait in vain say it before the figures do: a new interface takes more than the last address. */
function exhaustion(
  { pool, nodes, subnets: read }: PoolInput,
  subnets: readonly SubnetStatus[],
): string | undefined {
  const object = `SubnetPool/${pool.metadata.name}`
  const short = nodes
    .flatMap(({ state }) => state.written?.placements ?? [])
    .find((p) => p.object === object && isExhaustion(p.code ?? ""))
  if (short) return short.message ?? ""
  const known = read.state === "found" ? read.value : []
  const reserves = new Map(known.map((subnet) => [subnet.id, reserveOf(pool, subnet)]))
  const full = [...Map.groupBy(subnets, (s) => s.zone)]
    .filter(([, list]) => list.every((s) => s.free <= (reserves.get(s.id) ?? 0)))
    .map(([zone]) => zone)
  return full.length === 0 ? undefined : `every subnet of ${full.join(", ")} is full`
}

function readyOf(
  { subnets: read, nodes, pool }: PoolInput,
  subnets: readonly SubnetStatus[],
  problems: readonly ConditionState[],
): ConditionState {
  const type = "Ready"
  const object = `SubnetPool/${pool.metadata.name}`
  if (read.state === "failed")
    return { type, status: "Unknown", reason: "Unreadable", message: read.why }
  if (subnets.length === 0)
    return { type, status: "False", reason: "NoSubnet", message: "no term selects a subnet" }
  const refused = nodes
    .flatMap(({ state }) => state.written?.placements ?? [])
    .find((p) => p.object === object && !p.ready && p.code && !isExhaustion(p.code))
  if (refused?.code) {
    const { code, message = "" } = refused
    return { type, status: "False", reason: reasonOf(code), message }
  }
  const problem = problems.find((p) => p.status === "True")
  if (problem) return { type, status: "False", reason: problem.type, message: problem.message }
  return { type, status: "True", reason: "Ready", message: "the pool can serve" }
}

/** Addresses that the pool leaves to others: as the first term that selects the subnet says. */
const reserveOf = (pool: SubnetPool, subnet: Subnet): number =>
  pool.spec.subnets.find((term) => termSelects(term, subnet))?.reserve ?? 0

const sum = (values: readonly number[]): number => values.reduce((total, v) => total + v, 0)
