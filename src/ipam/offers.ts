import type { NodeNetworkStatus, Offer, PlacementKey, WarmTargets } from "../api/nodenetwork.ts"
import { type Block, freeOf, offerOf, type PoolInterface } from "./address-space.ts"
import { Patience, type Waiting } from "./patience.ts"
import type { Pool } from "./pool.ts"
import { type Goal, goalOf, prefixSize, type Stock, surplus } from "./targets.ts"

export interface OfferTimes {
  /** How long something must have been superfluous before it goes: growing is quick, shrinking is slow. */
  readonly shrinkDelayMs: number
  /** An ENI is not given back younger than this: it took two calls and seconds to get. */
  readonly minInterfaceAgeMs: number
}

export const defaultOfferTimes: OfferTimes = { shrinkDelayMs: 60_000, minInterfaceAgeMs: 60_000 }

export interface OfferInput {
  readonly pool: Pool
  readonly targets: WarmTargets
  readonly waiting: ReadonlyMap<PlacementKey, number>
  /** `status.limits`; while it is not known nothing is given back but what serves nobody. */
  readonly limits: NodeNetworkStatus["limits"]
  /** Placements for which the controller finds no interface slot: it knows MAX_ENI and what else takes one. */
  readonly noSlot: ReadonlySet<PlacementKey>
  /** Of the decision before; empty after a start. */
  readonly memory: ReadonlyMap<string, Waiting>
  readonly times: OfferTimes
  readonly now: number
}

export interface OfferDecision {
  /** To be passed to `pool.offer`. */
  readonly offers: readonly Offer[]
  readonly memory: ReadonlyMap<string, Waiting>
  /** When to decide again even if nothing happens, ms since the epoch. */
  readonly nextAt?: number
}

interface Deciding extends OfferInput {
  readonly patience: Patience
  readonly interfaces: readonly PoolInterface[]
}

/**
 * What the node can do without: interfaces that serve no new pods, then what has exceeded the warm targets for long
 * enough - empty interfaces, empty prefixes, free single addresses. Nothing that cools down is ever given back.
 */
export function decideOffers(input: OfferInput): OfferDecision {
  const { pool, now, times, memory } = input
  pool.expire(now)
  const patience = new Patience(memory, times.shrinkDelayMs, now)
  const interfaces = [...pool.interfaces()].filter((iface) => !iface.offered)
  const deciding: Deciding = { ...input, patience, interfaces }
  const retired = interfaces.filter((iface) => isRetired(iface, pool))
  const keys = new Set(interfaces.filter((i) => pool.serves(i)).map((i) => i.facts.placement))
  const offers = [
    ...retired.flatMap((iface) => retire(iface, patience)),
    ...[...keys].sort().flatMap((key) => shrink(key, deciding)),
  ]
  // The last address that cools down holds a whole interface back.
  const cooled = retired.some((iface) => iface.cooling > 0) ? pool.nextFreeAt() : undefined
  const nextAt = Math.min(patience.nextAt ?? Infinity, cooled ?? Infinity)
  return { offers, memory: patience.memory, ...(nextAt !== Infinity && { nextAt }) }
}

/** Draining interfaces, and with custom networking the primary ENI, which may have addresses from before. */
const isRetired = (iface: PoolInterface, pool: Pool) =>
  iface.facts.state === "Draining" || (iface.facts.primary && pool.config.customNetworking)

function retire(iface: PoolInterface, patience: Patience): Offer[] {
  if (!iface.facts.primary && isUnused(iface)) return [{ interfaceID: iface.id }]
  const idle = idleBlocks(iface)
  const last = patience.lasting(`retired ${iface.id}`, idle.length)
  return last > 0 ? idle.map((block) => offerOf(iface.id, block)) : []
}

/** What a placement can do without; `budget` counts the addresses that may go. */
function shrink(key: PlacementKey, deciding: Deciding): Offer[] {
  const { pool, limits, patience } = deciding
  if (limits === undefined) return []
  const own = deciding.interfaces
    .filter((iface) => iface.facts.placement === key && pool.serves(iface))
    .sort((a, b) => a.held - b.held || b.facts.deviceIndex - a.facts.deviceIndex)
  const stock = stockOf(key, deciding, limits.addressesPerInterface - 1)
  const goal = goalOf(key, deciding.targets, pool.config.prefixDelegation)
  const pressed = isPressed(key, deciding)
  const spare = surplus(goal, stock)
  let budget = pressed
    ? surplus({ unit: "address", warm: 0, minimum: 0 }, stock)
    : patience.lasting(key, spare)
  const offers: Offer[] = []
  for (const iface of own) {
    const size = sizeOf(iface)
    if (!mayGo(iface) || size > budget) continue
    if (!pressed && deciding.now - iface.since < deciding.times.minInterfaceAgeMs) continue
    if (size === 0 && patience.lasting(`bare ${iface.id}`, 1) === 0) continue
    offers.push({ interfaceID: iface.id })
    budget -= size
    if (pressed) return offers
  }
  const gone = new Set(offers.map((offer) => offer.interfaceID))
  const rest = own.filter((iface) => !gone.has(iface.id))
  return pressed ? offers : [...offers, ...shrinkBlocks(rest, goal, budget, pool)]
}

/** Empty prefixes and free single addresses: the kind that the node does not use first, from the emptiest interface. */
function shrinkBlocks(
  interfaces: readonly PoolInterface[],
  goal: Goal,
  budget: number,
  pool: Pool,
): Offer[] {
  const idle = interfaces.flatMap((iface) => idleBlocks(iface).map((block) => ({ iface, block })))
  const prefixes = idle.filter(({ block }) => block.size === prefixSize)
  const singles = idle.filter(({ block }) => block.size === 1)
  // WARM_PREFIX_TARGET counts prefixes that nobody uses: that many stay whatever else is free.
  const extra = goal.unit === "prefix" ? prefixes.slice(goal.warm) : prefixes
  // With WARM_ENI_TARGET single addresses go only with their interface.
  const own = goal.unit === "interface" ? [] : singles
  const order = pool.config.prefixDelegation ? [...singles, ...extra] : [...prefixes, ...own]
  const offers: Offer[] = []
  let left = budget
  for (const { iface, block } of order) {
    if (block.size > left) continue
    left -= block.size
    offers.push(offerOf(iface.id, block))
  }
  return offers
}

function stockOf(key: PlacementKey, { pool, waiting }: Deciding, slots: number): Stock {
  const { total, offered, held, cooling } = pool.counts(key)
  const perInterface = Math.max(0, slots) * (pool.config.prefixDelegation ? prefixSize : 1)
  return { total: total - offered, held, cooling, waiting: waiting.get(key) ?? 0, perInterface }
}

/**
 * Whether pods of another placement wait for an interface slot, which this one's warm pool may hold. One interface goes
 * at a time: the next follows when the controller still finds no slot.
 */
function isPressed(key: PlacementKey, { pool, waiting, noSlot }: Deciding): boolean {
  if (pool.interfaces().some((iface) => iface.offered)) return false
  return [...waiting].some(
    ([other, pods]) => other !== key && noSlot.has(other) && pods > pool.counts(other).free,
  )
}

const isUnused = (iface: PoolInterface) => iface.held === 0 && iface.cooling === 0

const mayGo = (iface: PoolInterface) => isUnused(iface) && !iface.facts.primary

/** Blocks of which nothing is held or cooling. */
const idleBlocks = (iface: PoolInterface): Block[] =>
  [...iface.blocks.values()]
    .filter((block) => freeOf(block) === block.size)
    .sort((a, b) => b.base - a.base)

const sizeOf = (iface: PoolInterface) =>
  [...iface.blocks.values()].reduce((sum, block) => sum + (block.offered ? 0 : block.size), 0)
