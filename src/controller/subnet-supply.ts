import type { Clock } from "../clock.ts"
import { Backoffs } from "../ec2/backoff.ts"
import { type Amount, Ledger, type Outcome, type Reservation } from "../ec2/ledger.ts"
import type { Action } from "../ipam/actions.ts"
import type { SubnetSupply, SupplyKind } from "../placement/strategy.ts"
import type { Subnet } from "../vpc/model.ts"

/** Addresses set aside for one call. */
export interface Hold {
  settle(outcome: Outcome): void
}

/**
 * What is left of each subnet, all nodes considered: the in-flight ledger and the back-offs after refusals. One book
 * for the whole cluster, so that many nodes cannot each take the last address.
 */
export class SubnetSupplies {
  readonly #clock: Clock
  readonly #heldIn: (subnetID: string) => number
  readonly #ledger = new Ledger()
  readonly #backoffs: Backoffs<SupplyKind>
  /** Whole free /28 blocks, from the last survey and what was taken and freed since. */
  readonly #freePrefixes = new Map<string, number>()

  constructor(options: {
    clock: Clock
    random: () => number
    /** Addresses that all nodes hold in a subnet. */
    heldIn: (subnetID: string) => number
  }) {
    this.#clock = options.clock
    this.#heldIn = options.heldIn
    this.#backoffs = new Backoffs({ random: options.random })
  }

  /** Takes in what a describe call between the two times showed. */
  observe(subnet: Subnet, startedAt: number, finishedAt: number): void {
    const { id, availableAddresses: available } = subnet
    const before = this.#ledger.supply(id, finishedAt)?.free
    const freePrefixes = this.#freePrefixes.get(id)
    const blocks = freePrefixes === undefined ? {} : { freePrefixes }
    this.#ledger.observe(id, { available, ...blocks, startedAt, finishedAt })
    // Only news ends a wait: EC2 may refuse a subnet that has had room on paper all the time.
    if (before === 0 && available > 0)
      this.#backoffs.seenRoom({ subnet: id, cause: "address" }, startedAt)
  }

  /** The interfaces of the subnet were looked at: so many whole /28 blocks are free. */
  surveyed(subnetID: string, freePrefixes: number): void {
    this.#freePrefixes.set(subnetID, freePrefixes)
  }

  /** Free addresses less all promises; undefined for a subnet never seen. */
  freeIn(subnetID: string): number | undefined {
    return this.#ledger.supply(subnetID, this.#clock.now())?.free
  }

  /** Addresses promised by calls that EC2 has not answered. */
  promisedIn(subnetID: string): number {
    return this.#ledger.supply(subnetID, this.#clock.now())?.inFlight ?? 0
  }

  /** Sets addresses aside for a call; undefined when the subnet does not have them any more. */
  reserve(subnetID: string, amount: Amount): Hold | undefined {
    const now = this.#clock.now()
    const reservation = this.#ledger.reserve(subnetID, amount, now)
    if (!reservation) return undefined
    for (const cause of causesOf(amount)) this.#backoffs.probe({ subnet: subnetID, cause }, now)
    return { settle: (outcome) => this.#settle(reservation, outcome) }
  }

  /** EC2 refused to give, and the subnet's figures do not explain it. */
  refused(subnet: string, cause: SupplyKind, code: string, startedAt: number): void {
    this.#backoffs.refused({ subnet, cause, code, startedAt }, this.#clock.now())
  }

  /** Addresses were given back by a call that began at `startedAt`. */
  freed(subnetID: string, amount: Amount, startedAt: number): void {
    this.#ledger.credit(subnetID, amount, startedAt)
    this.#countBlocks(subnetID, amount.prefixes)
  }

  /** The supply of the subnets named; those never seen are left out. */
  of(subnetIDs: Iterable<string>): Map<string, SubnetSupply> {
    const now = this.#clock.now()
    const supply = new Map<string, SubnetSupply>()
    for (const id of subnetIDs) {
      const left = this.#ledger.supply(id, now)
      if (!left) continue
      const { free, freePrefixes, inFlight } = left
      const refusals = this.#backoffs.of(id, now)
      const heldIn = this.#heldIn
      supply.set(id, {
        free,
        ...(freePrefixes === undefined ? {} : { freePrefixes }),
        // A walk over all nodes, which one strategy needs.
        get held() {
          return heldIn(id) + inFlight
        },
        backoffs: refusals.map(({ cause, until, code }) => ({ kind: cause, until, code })),
      })
    }
    return supply
  }

  #countBlocks(subnetID: string, change: number): void {
    const known = this.#freePrefixes.get(subnetID)
    if (known !== undefined) this.#freePrefixes.set(subnetID, Math.max(0, known + change))
  }

  #settle(reservation: Reservation, outcome: Outcome): void {
    const now = this.#clock.now()
    this.#ledger.settle(reservation, outcome, now)
    if (typeof outcome === "string") return
    this.#countBlocks(reservation.subnet, -outcome.used.prefixes)
    for (const cause of causesOf(outcome.used))
      this.#backoffs.served({ subnet: reservation.subnet, cause }, now)
  }
}

/** A prefix needs the one kind, addresses the other; a new interface takes an address as well. */
const causesOf = ({ addresses, prefixes }: Amount): SupplyKind[] => [
  ...(addresses > 0 ? (["address"] as const) : []),
  ...(prefixes > 0 ? (["prefix"] as const) : []),
]

/** What a call takes from its subnet; a new interface needs an address for itself. */
export const amountOf = (action: Extract<Action, { do: "create" | "assign" }>): Amount => ({
  addresses: action.addresses + (action.do === "create" ? 1 : 0),
  prefixes: action.prefixes,
})
