import type { NodeInterface, Offer } from "../api/nodenetwork.ts"

/**
 * What the agent has promised to give back. An offer is never withdrawn: the controller may be acting on it already.
 * It ends when status no longer lists the thing.
 */
export class OfferBook {
  readonly #offers: Map<string, Offer>

  constructor(offers: readonly Offer[]) {
    this.#offers = new Map(offers.map((offer) => [textOf(offer), offer]))
  }

  has(offer: Offer): boolean {
    return this.#offers.has(textOf(offer))
  }

  add(offer: Offer): void {
    this.#offers.set(textOf(offer), offer)
  }

  /** In a stable order, so that an unchanged spec stays unchanged. */
  list(): Offer[] {
    return [...this.#offers.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, offer]) => offer)
  }

  /** Forgets and returns the offers of things that status does not list any more. */
  settle(interfaces: readonly NodeInterface[]): Offer[] {
    const listed = new Map(interfaces.map((facts) => [facts.id, facts]))
    const settled = [...this.#offers.values()].filter((offer) => {
      const facts = listed.get(offer.interfaceID)
      if (facts === undefined) return true
      if (offer.address !== undefined) return !facts.addresses.includes(offer.address)
      return offer.prefix !== undefined && !facts.prefixes.includes(offer.prefix)
    })
    for (const offer of settled) this.#offers.delete(textOf(offer))
    return settled
  }
}

const textOf = (offer: Offer): string =>
  `${offer.interfaceID} ${offer.address ?? offer.prefix ?? "*"}`
