import type { Clock } from "../clock.ts"
import type { Backoff, SubnetSupply, SupplyKind } from "../placement/strategy.ts"
import type { CloudFacts } from "./cloud-facts.ts"

/** Wait after a refusal of one kind in one subnet; doubles with every further one. */
const firstBackoffMs = 10_000
const longestBackoffMs = 300_000

interface Refusal extends Backoff {
  readonly waitMs: number
}

/**
 * What is left of each subnet, all nodes considered: EC2's count, less what calls under way were promised, and the
 * back-offs after refusals. One book for the whole cluster, so that many nodes cannot each take the last address.
 */
export class SubnetSupplies {
  readonly #facts: CloudFacts
  readonly #clock: Clock
  readonly #random: () => number
  readonly #heldIn: (subnetID: string) => number
  readonly #promised = new Map<string, number>()
  readonly #refusals = new Map<string, Refusal>()

  constructor(options: {
    facts: CloudFacts
    clock: Clock
    random: () => number
    /** Addresses that all nodes hold in a subnet. */
    heldIn: (subnetID: string) => number
  }) {
    this.#facts = options.facts
    this.#clock = options.clock
    this.#random = options.random
    this.#heldIn = options.heldIn
  }

  promisedIn(subnetID: string): number {
    return this.#promised.get(subnetID) ?? 0
  }

  /** Sets addresses aside for a call; disposing gives them up, `spend` makes them used. */
  reserve(subnetID: string, addresses: number): Disposable & { spend(used: number): void } {
    this.#add(subnetID, addresses)
    let open = true
    const close = () => {
      if (open) this.#add(subnetID, -addresses)
      open = false
    }
    return {
      spend: (used) => {
        close()
        this.#facts.spend(subnetID, used)
      },
      [Symbol.dispose]: close,
    }
  }

  /** EC2 refused to give from the subnet although there seemed to be room. */
  refused(subnetID: string, kind: SupplyKind, code: string): void {
    const key = `${subnetID} ${kind}`
    const last = this.#refusals.get(key)?.waitMs
    const waitMs = last === undefined ? firstBackoffMs : Math.min(last * 2, longestBackoffMs)
    const until = this.#clock.now() + Math.round(waitMs * (0.8 + this.#random() * 0.4))
    this.#refusals.set(key, { kind, until, code, waitMs })
  }

  served(subnetID: string, kind: SupplyKind): void {
    this.#refusals.delete(`${subnetID} ${kind}`)
  }

  /** The supply of the subnets named; those that are not known are left out. */
  of(subnetIDs: Iterable<string>): Map<string, SubnetSupply> {
    const supply = new Map<string, SubnetSupply>()
    for (const id of subnetIDs) {
      const read = this.#facts.subnet(id)
      if (read.state !== "found") continue
      const backoffs = (["address", "prefix"] as const).flatMap(
        (kind) => this.#refusals.get(`${id} ${kind}`) ?? [],
      )
      supply.set(id, {
        free: Math.max(0, read.value.availableAddresses - this.promisedIn(id)),
        held: this.#heldIn(id) + this.promisedIn(id),
        backoffs,
      })
    }
    return supply
  }

  #add(subnetID: string, addresses: number): void {
    const sum = this.promisedIn(subnetID) + addresses
    if (sum > 0) this.#promised.set(subnetID, sum)
    else this.#promised.delete(subnetID)
  }
}
