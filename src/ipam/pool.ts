import type { NodeInterface, Offer, PlacementKey } from "../api/nodenetwork.ts"
import { type Address, formatAddress, parseAddress } from "../vpc/cidr.ts"
import {
  AddressSpace,
  type AddressState,
  blockOfOffer,
  type PoolInterface,
} from "./address-space.ts"
import { freeAddress } from "./free-address.ts"
import { type AttachmentKey, branchPlacement, type Cooling, type Held, keyText } from "./held.ts"
import { type Kept, KeptAddresses, keptKey, whyNotKept } from "./kept.ts"
import { OfferBook } from "./offer-book.ts"
import type {
  Adoption,
  AssignRequest,
  AssignResult,
  PoolConfig,
  PoolCounts,
  PoolMemory,
  PoolShortage,
} from "./pool-types.ts"

export type * from "./pool-types.ts"

/**
 * The addresses of one node: which pod holds which, which cool down, which are given back. It decides and remembers;
 * the caller journals each change before the world sees it. An address is free, held, cooling or offered, never two of
 * these. To assign costs a walk over the node's ENIs and the blocks of one (at most 24 and 63), not over addresses.
 */
export class Pool {
  readonly config: PoolConfig
  readonly #space: AddressSpace
  readonly #byKey = new Map<string, Held>()
  readonly #byAddress = new Map<Address, Held>()
  /** In the order in which they end. */
  readonly #cooling = new Map<Address, Cooling>()
  readonly #lost = new Set<Address>()
  /** They are among the held ones, under a key of their own. */
  readonly #kept = new KeptAddresses()
  readonly #offers: OfferBook

  constructor(config: PoolConfig, memory: PoolMemory = { held: [], cooling: [], offers: [] }) {
    this.config = config
    this.#offers = new OfferBook(memory.offers)
    this.#space = new AddressSpace({
      stateOf: (address) => this.#stateOf(address),
      isOffered: (offer) => this.#offers.has(offer),
    })
    for (const held of memory.held) this.#remember(held)
    for (const kept of memory.kept ?? []) this.#keep(kept)
    for (const entry of memory.cooling.toSorted((a, b) => a.until - b.until)) {
      const address = numberOf(entry.address)
      if (!this.#byAddress.has(address)) this.#cooling.set(address, entry)
    }
    // Nothing is listed before the first status, so every restored address is unbacked until then.
    for (const [address, held] of this.#byAddress) if (!isOwn(held)) this.#lost.add(address)
  }

  /** Gives the attachment an address of the placement, the same one when it holds one already. */
  assign(request: AssignRequest, now: number): AssignResult {
    const { key, pod, placement } = request
    const before = this.#byKey.get(keyText(key))
    if (before !== undefined) return { kind: "assigned", held: before, fresh: false }
    this.#expire(now)
    const kept = this.#keptFor(request, now)
    const address = kept?.usable === false ? undefined : (kept?.address ?? this.#choose(placement))
    const iface = address === undefined ? undefined : this.#space.locate(address)?.iface
    if (address === undefined || iface === undefined) {
      return { kind: "wait", shortage: this.shortage(placement) }
    }
    const held: Held = {
      ...{ key, pod, placement, address: formatAddress(address), interfaceID: iface.id },
      assignedAt: now,
      ...(request.keepMs === undefined ? {} : { keepMs: request.keepMs }),
    }
    if (kept) this.#letGo(kept.entry)
    else this.#space.move(address, "free", "held")
    this.#remember(held)
    const notKept = this.#kept.takeReason(pod)
    return { kind: "assigned", held, fresh: true, ...(notKept && { notKept }) }
  }

  /** Notes an address that a pod has for itself, of a branch interface that is not among the node's. */
  hold(held: Held): void {
    this.#cooling.delete(numberOf(held.address))
    this.#remember(held)
  }

  /**
   * Undoes an assignment that nobody has seen: no cool-down. What would be kept after the pod is kept for its next try,
   * and returned; it may be the address that the pod had before.
   */
  cancel(key: AttachmentKey, now: number): Kept | undefined {
    const held = this.#forget(key)
    if (held?.keepMs !== undefined) return this.#keepFor(held, held.keepMs, now)
    if (held !== undefined) this.#space.move(numberOf(held.address), "held", "free")
    return undefined
  }

  /**
   * Ends an attachment: its address is kept for the next pod of the name, or begins to cool down. Undefined when the key
   * holds none.
   */
  release(
    key: AttachmentKey,
    now: number,
  ): { held: Held; cooling?: Cooling; kept?: Kept } | undefined {
    const held = this.#forget(key)
    if (held === undefined) return undefined
    if (held.keepMs === undefined) return { held, cooling: this.#cool(held, now) }
    return { held, kept: this.#keepFor(held, held.keepMs, now) }
  }

  #keepFor(held: Held, keepMs: number, now: number): Kept {
    const keptUntil = now + Math.max(keepMs, this.config.cooldownMs)
    const kept = { ...held, key: keptKey(held.pod), keptUntil }
    const before = this.#kept.of(held.pod)
    if (before) this.#endKept(before, "the pod has had another one since", now)
    this.#keep(kept)
    return kept
  }

  /** Merges what the controller's status lists now. */
  adopt(interfaces: readonly NodeInterface[], now: number): Adoption {
    this.#expire(now)
    const { added, removed } = this.#space.merge(interfaces, now)
    const settled = this.#offers.settle(interfaces)
    const located = this.#locateFound()
    for (const kept of this.#kept.values()) {
      const why = this.#whyNotKept(kept, kept.placement)
      if (why !== undefined) this.#endKept(kept, why, now)
    }
    const lost: Held[] = []
    const regained: Held[] = []
    for (const [address, held] of this.#byAddress) {
      if (isOwn(held)) continue
      const backed = this.#space.locate(address)?.iface.id === held.interfaceID
      if (backed === !this.#lost.has(address)) continue
      if (backed) this.#lost.delete(address)
      else this.#lost.add(address)
      ;(backed ? regained : lost).push(held)
    }
    return { added, removed, lost, regained, settled, located }
  }

  #locateFound(): Held[] {
    const found = this.#byAddress.entries().flatMap(([address, held]) => {
      const iface = held.interfaceID === "" ? this.#space.locate(address)?.iface : undefined
      return iface ? [{ ...held, interfaceID: iface.id, placement: iface.facts.placement }] : []
    })
    const located = [...found]
    for (const held of located) {
      this.#byKey.set(keyText(held.key), held)
      this.#byAddress.set(numberOf(held.address), held)
      this.#lost.delete(numberOf(held.address))
    }
    return located
  }

  /** Says that the kernel's side of an interface is set up, or no longer is. Nothing is given out before. */
  setOpen(interfaceID: string, open: boolean): void {
    const iface = this.#space.get(interfaceID)
    if (iface !== undefined) iface.open = open
  }

  /**
   * Stops using things for good, in order to give them back; returns those newly accepted. What a pod holds or what
   * cools down is not accepted, nor is the primary ENI. The caller journals them, then writes `offers()` to spec.
   */
  offer(offers: readonly Offer[], now: number): Offer[] {
    this.#expire(now)
    return offers.filter((offer) => {
      const iface = this.#space.get(offer.interfaceID)
      if (iface === undefined || this.#offers.has(offer)) return false
      if (offer.address === undefined && offer.prefix === undefined) {
        if (iface.facts.primary || iface.held + iface.cooling > 0) return false
        // Pods whose address status has lost are not in the counters, and may get it back.
        if (this.#byKey.values().some((held) => held.interfaceID === iface.id)) return false
        iface.offered = true
      } else {
        const block = blockOfOffer(iface, offer)
        if (block === undefined || block.held + block.cooling > 0) return false
        this.#space.withdraw({ iface, block })
      }
      this.#offers.add(offer)
      return true
    })
  }

  /** Everything that is given back and still listed by status: `spec.offers`. */
  offers(): Offer[] {
    return this.#offers.list()
  }

  find(key: AttachmentKey): Held | undefined {
    return this.#byKey.get(keyText(key))
  }

  held(): MapIterator<Held> {
    return this.#byKey.values()
  }

  /** Those whose time is over may still be among them until the next change. */
  cooling(): MapIterator<Cooling> {
    return this.#cooling.values()
  }

  /** Pods whose address no status backs. */
  lost(): Held[] {
    return [...this.#lost].flatMap((address) => this.#byAddress.get(address) ?? [])
  }

  /** Every interface with its counters, for demand, offers and introspection; not to be changed. */
  interfaces(): MapIterator<PoolInterface> {
    return this.#space.interfaces()
  }

  /** Whether new pods of its placement may get addresses of the interface, as soon as it is open. */
  serves(iface: PoolInterface): boolean {
    const { state, primary } = iface.facts
    const live = state === "Ready" || state === "Attaching"
    return live && !iface.offered && !(primary && this.config.customNetworking)
  }

  counts(placement: PlacementKey): PoolCounts {
    const sum = { total: 0, held: 0, cooling: 0, offered: 0, free: 0 }
    for (const iface of this.#serving(placement)) {
      for (const block of iface.blocks.values()) {
        sum.total += block.size
        sum.offered += block.offered ? block.size : 0
      }
      sum.held += iface.held
      sum.cooling += iface.cooling
      sum.free += iface.free
    }
    return sum
  }

  shortage(placement: PlacementKey): PoolShortage {
    const serving = this.#serving(placement)
    const next = this.#cooling.entries().find(([address]) => {
      const place = this.#space.locate(address)
      return place !== undefined && serving.includes(place.iface)
    })
    const draining = this.#space
      .interfaces()
      .filter(({ facts }) => facts.placement === placement && facts.state === "Draining")
    return {
      placement,
      ...this.counts(placement),
      interfaces: serving.length,
      settingUp: serving.filter((iface) => !iface.open).length,
      draining: [...draining].length,
      ...(next && { nextFreeAt: next[1].until }),
    }
  }

  /** When the next cooling or kept address may be used again: the time to try waiting pods once more. */
  nextFreeAt(): number | undefined {
    const cooling = this.#cooling.values().next().value?.until ?? Number.POSITIVE_INFINITY
    const next = Math.min(cooling, ...this.#kept.values().map((kept) => kept.keptUntil))
    return Number.isFinite(next) ? next : undefined
  }

  keeps(pod: Held["pod"]): boolean {
    return this.#kept.of(pod) !== undefined
  }

  /** Addresses that wait for their pods to come back; they are among `held`. */
  kept(): Kept[] {
    return [...this.#kept.values()]
  }

  /** Lets the cool-downs that are over end. Every change does this; call it before reading counts after a wait. */
  expire(now: number): void {
    this.#expire(now)
  }

  #serving(placement: PlacementKey): PoolInterface[] {
    const own = this.#space.interfaces().filter((iface) => iface.facts.placement === placement)
    return [...own].filter((iface) => this.serves(iface))
  }

  #choose(placement: PlacementKey): Address | undefined {
    const open = this.#serving(placement).filter((iface) => iface.open && iface.free > 0)
    return freeAddress(open, this.config, (address) => this.#stateOf(address))
  }

  /** What is kept for the pod; given up, with the reason, when the pod cannot have it any more. */
  #keptFor(
    { pod, placement }: AssignRequest,
    now: number,
  ): { entry: Kept; address: Address; usable: boolean } | undefined {
    const entry = this.#kept.of(pod)
    if (!entry) return undefined
    const address = numberOf(entry.address)
    // Before the first status, and while the kernel sets the interface up, it is waited for.
    const isKnown = !this.#space.interfaces().next().done
    const why = isKnown ? this.#whyNotKept(entry, placement) : undefined
    const iface = this.#space.locate(address)?.iface
    const isStuck = iface?.open === false && now - iface.since > setUpMs
    if (why === undefined && !isStuck) return { entry, address, usable: iface?.open === true }
    this.#endKept(entry, why ?? `${entry.interfaceID} cannot be set up on the node`, now)
    return undefined
  }

  #whyNotKept(kept: Kept, placement: PlacementKey): string | undefined {
    const { iface, block } = this.#space.locate(numberOf(kept.address)) ?? {}
    // The journal does not say what is kept no longer: after a restart it may have been offered since.
    const serves = iface !== undefined && this.serves(iface) && block?.offered !== true
    return whyNotKept(kept, placement, iface && { ...iface, serves })
  }

  #keep(kept: Kept): void {
    this.#remember(kept)
    this.#kept.add(kept)
  }

  #letGo(kept: Kept): void {
    this.#forget(kept.key)
    this.#kept.delete(kept)
  }

  #endKept(kept: Kept, why: string, now: number): void {
    this.#forget(kept.key)
    this.#kept.end(kept, why)
    const { iface, block } = this.#space.locate(numberOf(kept.address)) ?? {}
    // What is offered had cooled down before.
    const isOffered = iface?.offered === true || block?.offered === true
    if (isOffered || kept.keptUntil <= now) this.#space.move(numberOf(kept.address), "held", "free")
    else this.#cool(kept, now)
  }

  #cool({ address, interfaceID }: Held, now: number): Cooling {
    const cooling = { address, interfaceID, until: now + this.config.cooldownMs }
    this.#space.move(numberOf(address), "held", "cooling")
    this.#cooling.set(numberOf(address), cooling)
    return cooling
  }

  #stateOf(address: Address): AddressState {
    if (this.#byAddress.has(address)) return "held"
    return this.#cooling.has(address) ? "cooling" : "free"
  }

  #expire(now: number): void {
    for (const kept of this.#kept.due(now)) {
      const time = new Date(kept.keptUntil).toISOString()
      this.#endKept(kept, `it was kept for ${(kept.keepMs ?? 0) / 1000} s, until ${time}`, now)
    }
    for (const [address, { until }] of this.#cooling) {
      if (until > now) {
        if (until > now + this.config.cooldownMs) this.#clampCooling(now)
        return
      }
      this.#cooling.delete(address)
      this.#space.move(address, "cooling", "free")
    }
  }

  /** A clock that was set back must not keep addresses cooling for hours. */
  #clampCooling(now: number): void {
    const latest = now + this.config.cooldownMs
    for (const [address, entry] of this.#cooling) {
      if (entry.until > latest) this.#cooling.set(address, { ...entry, until: latest })
    }
  }

  #remember(held: Held): void {
    const address = numberOf(held.address)
    const other = this.#byAddress.get(address) ?? this.#byKey.get(keyText(held.key))
    if (other !== undefined) {
      throw new Error(`${keyText(other.key)} holds ${other.address}; no second one of either`)
    }
    this.#byKey.set(keyText(held.key), held)
    this.#byAddress.set(address, held)
  }

  #forget(key: AttachmentKey): Held | undefined {
    const held = this.#byKey.get(keyText(key))
    if (held === undefined) return undefined
    const address = numberOf(held.address)
    this.#byKey.delete(keyText(key))
    this.#byAddress.delete(address)
    this.#lost.delete(address)
    return held
  }
}

/** A pod waits so long for the interface of its kept address, then takes another. */
const setUpMs = 30_000

/** Whether the address comes with a branch interface: no status backs it. */
const isOwn = (held: Held): boolean => held.placement === branchPlacement

function numberOf(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`${text} is not an IPv4 address`)
  return address
}
