import type { Placement, SubnetOption } from "./placement.ts"
import type { TraceStep } from "./trace.ts"

/** What is left of a subnet for one more call, all nodes considered. */
export interface SubnetSupply {
  /** EC2's available count less what calls in flight were promised. */
  readonly free: number
  /** Whole free /28 blocks less those promised; absent when not known. */
  readonly freePrefixes?: number
  /** Addresses that Berth holds in the subnet, promises included; for strategy Weighted. */
  readonly held?: number
  /** Set after EC2 refused: not tried again for this kind until then. */
  readonly backoffs?: readonly Backoff[]
}

export type SupplyKind = "address" | "prefix"

export interface Backoff {
  /** A refused address is a refused prefix as well, but not the other way round. */
  readonly kind: SupplyKind
  /** Milliseconds since the epoch. */
  readonly until: number
  /** Catalogue code of what EC2 refused, such as `ec2/subnet-full`. */
  readonly code: string
}

/** What a call asks a subnet for. */
export interface SubnetNeed {
  readonly kind: SupplyKind
  /** Addresses or prefixes that would serve the need in full. */
  readonly count: number
  /** A new interface takes one address more, for itself. */
  readonly newInterface: boolean
}

/** A subnet that can give something, best first. `room` counts in the need's kind. */
export interface RankedSubnet {
  readonly option: SubnetOption
  readonly room: number
}

/**
 * The subnets of a placement that can serve a need, best first: those that can serve it in full by the placement's
 * strategy, then the others by what they can give. Equal ones keep the placement's order, so the answer is always the
 * same.
 */
export function rankSubnets(
  placement: Pick<Placement, "subnets" | "strategy">,
  supply: ReadonlyMap<string, SubnetSupply>,
  need: SubnetNeed,
  now: number,
): { ranked: RankedSubnet[]; trace: TraceStep[] } {
  const candidates = placement.subnets.map((option) => {
    const given = supply.get(option.subnet.id)
    return { option, supply: given, ...roomIn(given, { ...need, reserve: option.reserve }, now) }
  })
  const score = scores[placement.strategy]
  // Where none can serve in full the one with the most room wins: a node's slots are scarcer than addresses.
  const lacking = (c: { room: number }) => Math.max(0, need.count - c.room)
  const usable = candidates
    .filter((c) => c.room > 0)
    .sort((a, b) => lacking(a) - lacking(b) || score(a) - score(b))
  const trace = candidates.map((c): TraceStep => {
    const place = usable.indexOf(c) + 1
    const rank = `${placement.strategy} ranks it ${place} of ${usable.length}; ${c.why}`
    const why = place > 0 ? rank : c.why
    const verdict = place === 1 ? "chosen" : place > 0 ? "passed over" : "refused"
    return { subject: c.option.subnet.id, verdict, why }
  })
  return { ranked: usable.map(({ option, room }) => ({ option, room })), trace }
}

interface Scored {
  readonly option: SubnetOption
  readonly supply: SubnetSupply | undefined
}

const freeOf = ({ supply, option }: Scored) =>
  (supply?.free ?? option.subnet.availableAddresses) - option.reserve

/** Lower is better. */
const scores: Record<Placement["strategy"], (candidate: Scored) => number> = {
  MostFree: (c) => -freeOf(c),
  // A prefix is worth more than any count of addresses between them: a subnet holds at most 65,536.
  MostFreePrefixes: (c) =>
    -(c.supply?.freePrefixes ?? Math.floor(freeOf(c) / 16)) - freeOf(c) / 131072,
  Ordered: () => 0,
  // The one furthest behind its share of what Berth holds.
  Weighted: (c) => ((c.supply?.held ?? 0) + 1) / Math.max(c.option.weight, Number.MIN_VALUE),
}

/** How much of the kind a subnet has for one call, and why not more. Without a supply EC2's last count is taken. */
export function roomIn(
  supply: SubnetSupply | undefined,
  need: Omit<SubnetNeed, "count"> & { readonly reserve: number },
  now: number,
): { room: number; why: string } {
  if (supply === undefined) return { room: Number.POSITIVE_INFINITY, why: "not measured yet" }
  const backoff = supply.backoffs?.find(
    (b) => b.until > now && (b.kind === "address" || need.kind === "prefix"),
  )
  if (backoff !== undefined) {
    const seconds = Math.ceil((backoff.until - now) / 1000)
    return { room: 0, why: `EC2 refused it (${backoff.code}); tried again in ${seconds} s` }
  }
  const free = supply.free - need.reserve - (need.newInterface ? 1 : 0)
  const kept = need.reserve > 0 ? `, ${need.reserve} of them reserved` : ""
  const count = `${supply.free} free addresses${kept}`
  if (need.kind === "address") return { room: Math.max(0, free), why: count }
  const byAddresses = Math.floor(Math.max(0, free) / 16)
  const room = Math.max(0, Math.min(supply.freePrefixes ?? byAddresses, byAddresses))
  const known = supply.freePrefixes ?? `at most ${byAddresses}`
  return { room, why: `${count}, ${known} free /28 blocks` }
}
