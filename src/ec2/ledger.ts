/** Addresses of a subnet: single ones, and whole /28 prefixes. */
export interface Amount {
  readonly addresses: number
  readonly prefixes: number
}

/** What a describe call said of a subnet. EC2 looked at some moment between the call's start and its end. */
export interface Observation {
  /** EC2's AvailableIpAddressCount. */
  readonly available: number
  /** Whole free /28 blocks, where the interfaces of the subnet were described as well. */
  readonly freePrefixes?: number
  readonly startedAt: number
  readonly finishedAt: number
}

/** What a subnet has left for one more call. */
export interface Supply {
  readonly free: number
  readonly freePrefixes?: number
  /** Addresses promised by calls that EC2 has not answered yet. */
  readonly inFlight: number
  readonly observedAt: number
}

export interface Reservation {
  readonly id: number
  readonly subnet: string
  readonly amount: Amount
}

/** How a call ended. `unknown`: no answer, or one that leaves open whether it had its effect. */
export type Outcome = { readonly used: Amount } | "refused" | "unknown"

interface Entry extends Reservation {
  readonly madeAt: number
  /** Undefined while the call is under way. */
  readonly settledAt?: number
  /** What counts: all of it while open or unknown, what was used afterwards. */
  readonly counts: Amount
}

interface Credit {
  readonly subnet: string
  readonly amount: Amount
  readonly startedAt: number
}

export interface LedgerOptions {
  /** How far EC2's describe calls may lag behind its own answers. Default 5 s. */
  readonly lagMs?: number
  /** A call not settled by then is taken for `unknown`. Default 2 min. */
  readonly expiryMs?: number
}

/** At this many calls in flight or unconfirmed, reservations are refused: 5,000 nodes with a few calls each. */
const entriesMax = 50_000
const prefixSize = 16
const addressesOf = (amount: Amount) => amount.addresses + amount.prefixes * prefixSize

/**
 * The in-flight ledger: what is left of each subnet when the promises of all nodes' calls are counted, so that no
 * choice of a subnet oversubscribes it. EC2's count is a moment's; whatever that moment may have missed is subtracted:
 * calls under way, and calls that ended too recently to be surely in it. Freed addresses count only when the observation
 * cannot have seen them. So `free` errs on the low side and a fresh observation sets it right. Time is passed in.
 */
export class Ledger {
  readonly #observations = new Map<string, Observation>()
  /** By subnet, then by id. */
  readonly #entries = new Map<string, Map<number, Entry>>()
  readonly #credits = new Map<string, Credit[]>()
  readonly #lagMs: number
  readonly #expiryMs: number
  #lastId = 0
  #size = 0

  constructor(options: LedgerOptions = {}) {
    this.#lagMs = options.lagMs ?? 5_000
    this.#expiryMs = options.expiryMs ?? 120_000
  }

  /** An observation that began before the one known is ignored: answers may overtake each other. */
  observe(subnet: string, seen: Observation): void {
    const known = this.#observations.get(subnet)
    if (known && known.startedAt > seen.startedAt) return
    this.#observations.set(subnet, seen)
    this.#forget(subnet, seen)
  }

  /** Undefined for a subnet never observed. */
  supply(subnet: string, now: number): Supply | undefined {
    const seen = this.#observations.get(subnet)
    if (seen === undefined) return undefined
    this.#expire(subnet, now)
    const entries = [...(this.#entries.get(subnet)?.values() ?? [])]
    const credits = this.#credits.get(subnet) ?? []
    const missed = entries.filter((e) => !this.#isIn(seen, e))
    const unseen = credits.filter((c) => c.startedAt >= seen.finishedAt)
    const taken = sum(missed.map((e) => addressesOf(e.counts)))
    const freed = sum(unseen.map((c) => addressesOf(c.amount)))
    const prefixes = sum(missed.map((e) => e.counts.prefixes))
    return {
      free: Math.max(0, seen.available + freed - taken),
      ...(seen.freePrefixes !== undefined && {
        freePrefixes: Math.max(0, seen.freePrefixes - prefixes),
      }),
      inFlight: sum(
        entries.filter((e) => e.settledAt === undefined).map((e) => addressesOf(e.amount)),
      ),
      observedAt: seen.finishedAt,
    }
  }

  /** Sets addresses aside for a call about to be made; undefined when the subnet does not have them. */
  reserve(subnet: string, amount: Amount, now: number): Reservation | undefined {
    const supply = this.supply(subnet, now)
    if (supply === undefined || this.#size >= entriesMax) return undefined
    if (addressesOf(amount) > supply.free) return undefined
    if (amount.prefixes > (supply.freePrefixes ?? Number.POSITIVE_INFINITY)) return undefined
    const reservation = { id: ++this.#lastId, subnet, amount }
    this.#put({ ...reservation, madeAt: now, counts: amount })
    return reservation
  }

  /** The call has ended. Settling twice, or after expiry, changes nothing for the worse. */
  settle(reservation: Reservation, outcome: Outcome, now: number): void {
    const entry = this.#entries.get(reservation.subnet)?.get(reservation.id)
    if (entry === undefined) return
    if (outcome === "refused") this.#drop(entry)
    else
      this.#put({
        ...entry,
        settledAt: now,
        counts: outcome === "unknown" ? entry.amount : outcome.used,
      })
  }

  /** Addresses were given back by a call that began at `startedAt` and has succeeded. */
  credit(subnet: string, amount: Amount, startedAt: number): void {
    const credits = this.#credits.get(subnet) ?? []
    this.#credits.set(subnet, [...credits, { subnet, amount, startedAt }])
  }

  /** A subnet that exists no more. */
  forget(subnet: string): void {
    this.#observations.delete(subnet)
    this.#size -= this.#entries.get(subnet)?.size ?? 0
    this.#entries.delete(subnet)
    this.#credits.delete(subnet)
  }

  /** Whether the observation surely includes what the call did: it began after the call had ended and lag had passed. */
  #isIn(seen: Observation, entry: Entry): boolean {
    return entry.settledAt !== undefined && entry.settledAt + this.#lagMs <= seen.startedAt
  }

  #expire(subnet: string, now: number): void {
    for (const entry of this.#entries.get(subnet)?.values() ?? [])
      if (entry.settledAt === undefined && entry.madeAt + this.#expiryMs <= now)
        this.#put({ ...entry, settledAt: now })
  }

  #forget(subnet: string, seen: Observation): void {
    for (const entry of this.#entries.get(subnet)?.values() ?? [])
      if (this.#isIn(seen, entry)) this.#drop(entry)
    const credits = (this.#credits.get(subnet) ?? []).filter((c) => c.startedAt >= seen.finishedAt)
    if (credits.length > 0) this.#credits.set(subnet, credits)
    else this.#credits.delete(subnet)
  }

  #put(entry: Entry): void {
    const ofSubnet = this.#entries.get(entry.subnet) ?? new Map<number, Entry>()
    if (!ofSubnet.has(entry.id)) this.#size++
    this.#entries.set(entry.subnet, ofSubnet.set(entry.id, entry))
  }

  #drop(entry: Entry): void {
    if (this.#entries.get(entry.subnet)?.delete(entry.id)) this.#size--
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
