import type { NodeInterface, PlacementKey } from "../api/nodenetwork.ts"
import type { Placement } from "../placement/placement.ts"
import { rankSubnets, roomIn, type SubnetSupply, type SupplyKind } from "../placement/strategy.ts"
import type { TraceStep } from "../placement/trace.ts"
import type { Action, CreateAction, Urgency } from "./actions.ts"
import type { InterfaceSlots } from "./interface-slots.ts"
import { prefixSize } from "./targets.ts"

/** One EC2 call being put together: more for a live interface, or a new interface with what it starts with. */
interface Call {
  readonly placement: Placement
  readonly subnetID: string
  /** The live interface; absent when the call creates one at `deviceIndex`. */
  readonly interfaceID?: string
  readonly deviceIndex: number
  /** Places for addresses or prefixes that the interface has left. */
  room: number
  /** A call asks for one kind only (an EC2 rule). */
  kind?: SupplyKind
  count: number
  urgency: Urgency
}

interface DraftInput {
  readonly slots: InterfaceSlots
  readonly supply: ReadonlyMap<string, SubnetSupply>
  readonly inFlight: readonly Action[]
  readonly now: number
}

/** Addresses wanted of one kind. */
export interface Want {
  readonly kind: SupplyKind
  readonly addresses: number
  /** Fill the interfaces that are touched, up to this many addresses in all. */
  readonly upTo: number
  readonly urgency: Urgency
}

/**
 * The calls of a plan while it is made, with what they leave of the node's slots and of the subnets. The fewest calls
 * win: a call that is being made anyway takes all it can before another is begun.
 */
export class Draft {
  readonly trace: TraceStep[] = []
  readonly #calls: Call[] = []
  readonly #slots: InterfaceSlots
  readonly #supply: Map<string, SubnetSupply>
  readonly #now: number
  readonly #coming: readonly CreateAction[]

  constructor(input: DraftInput) {
    this.#slots = input.slots
    this.#supply = new Map(input.supply)
    this.#now = input.now
    this.#coming = input.inFlight.filter((action) => action.do === "create")
  }

  /** Lets a live interface of the placement be topped up. */
  addInterface(iface: NodeInterface, placement: Placement, room: number): void {
    const { id: interfaceID, subnetID, deviceIndex } = iface
    const call = { placement, subnetID, interfaceID, deviceIndex, room, count: 0 }
    this.#calls.push({ ...call, urgency: "refill" })
  }

  /** Asks for more on interfaces that exist or are drafted; returns the addresses granted. */
  topUp(key: PlacementKey, want: Want): number {
    let granted = 0
    const tried = new Set<Call>()
    while (granted < want.addresses) {
      const left = { ...want, addresses: want.addresses - granted, upTo: want.upTo - granted }
      const call = this.#best(key, left, tried)
      if (call === undefined) break
      tried.add(call)
      granted += this.#grant(call, left)
    }
    return granted
  }

  /**
   * Addresses of this kind that interfaces being created could take as soon as EC2 has named them. Who can wait for
   * that needs no interface of its own: pods that come one by one would otherwise get one each.
   */
  roomComing(key: PlacementKey, kind: SupplyKind): number {
    const size = kind === "prefix" ? prefixSize : 1
    return this.#coming
      .filter((create) => create.placement === key)
      .reduce((sum, { subnetID, addresses, prefixes }) => {
        const slots = this.#slots.perInterface - addresses - prefixes
        const need = { kind, newInterface: false, reserve: 0 }
        const { room } = roomIn(this.#supply.get(subnetID), need, this.#now)
        return sum + Math.max(0, Math.min(slots, room)) * size
      }, 0)
  }

  /** Drafts one new interface in the best subnet of the placement; returns the addresses granted. */
  open(placement: Placement, want: Want): number {
    const deviceIndex = this.#slots.next()
    if (deviceIndex === undefined) return 0
    const room = this.#slots.perInterface
    const count = Math.min(room, unitsOf(want.kind, want.addresses))
    const need = { kind: want.kind, count, newInterface: true }
    const { ranked, trace } = rankSubnets(placement, this.#supply, need, this.#now)
    this.trace.push(...trace)
    const best = ranked[0]
    if (best === undefined) return 0
    const subnetID = best.option.subnet.id
    const call: Call = { placement, subnetID, deviceIndex, room, count: 0, urgency: want.urgency }
    this.#slots.take(deviceIndex)
    this.#use(subnetID, "address", 1)
    this.#calls.push(call)
    return this.#grant(call, want)
  }

  /** Why each subnet of the placement cannot give an address, or a prefix, for a new interface. */
  emptySubnets(placement: Placement, kind: SupplyKind): { id: string; why: string }[] {
    return placement.subnets.flatMap(({ subnet, reserve }) => {
      const need = { kind, newInterface: true, reserve }
      const { room, why } = roomIn(this.#supply.get(subnet.id), need, this.#now)
      return room > 0 ? [] : [{ id: subnet.id, why }]
    })
  }

  actions(): Action[] {
    const wanted = this.#calls.filter((call) => call.count > 0)
    const urgent = wanted.filter((call) => call.urgency === "allocate")
    const rest = wanted.filter((call) => call.urgency !== "allocate")
    return [...urgent, ...rest].map((call) => this.#action(call))
  }

  #action(call: Call): Action {
    const { placement, subnetID, interfaceID, deviceIndex, urgency, count } = call
    const addresses = call.kind === "address" ? count : 0
    const prefixes = call.kind === "prefix" ? count : 0
    const common = { placement: placement.key, subnetID, addresses, prefixes, urgency }
    if (interfaceID !== undefined) return { do: "assign", interfaceID, ...common }
    const { object, securityGroups } = placement
    const { networkCard } = this.#slots
    return { do: "create", object, securityGroups, networkCard, deviceIndex, ...common }
  }

  /** A call that is made anyway; else the smallest room that suffices; else the largest. */
  #best(key: PlacementKey, want: Want, tried: ReadonlySet<Call>): Call | undefined {
    const units = unitsOf(want.kind, want.addresses)
    const rank = (call: Call, room: number) =>
      call.count > 0 ? -Infinity : room >= units ? room : 1e6 - room
    let best: { call: Call; rank: number } | undefined
    for (const call of this.#calls) {
      if (call.placement.key !== key || tried.has(call)) continue
      if (call.kind !== undefined && call.kind !== want.kind) continue
      const room = this.#roomOf(call, want.kind)
      if (room > 0 && (best === undefined || rank(call, room) < best.rank)) {
        best = { call, rank: rank(call, room) }
      }
    }
    return best?.call
  }

  #roomOf(call: Call, kind: SupplyKind): number {
    const option = call.placement.subnets.find(({ subnet }) => subnet.id === call.subnetID)
    const need = { kind, newInterface: false, reserve: option?.reserve ?? 0 }
    return Math.min(call.room, roomIn(this.#supply.get(call.subnetID), need, this.#now).room)
  }

  #grant(call: Call, want: Want): number {
    const size = want.kind === "prefix" ? prefixSize : 1
    const fill = Math.max(unitsOf(want.kind, want.addresses), Math.floor(want.upTo / size))
    const units = Math.min(fill, this.#roomOf(call, want.kind))
    call.kind = want.kind
    call.count += units
    call.room -= units
    if (want.urgency === "allocate") call.urgency = "allocate"
    this.#use(call.subnetID, want.kind, units)
    return units * size
  }

  #use(subnetID: string, kind: SupplyKind, units: number): void {
    const supply = this.#supply.get(subnetID)
    if (supply === undefined) return
    const addresses = kind === "prefix" ? units * prefixSize : units
    const { freePrefixes } = supply
    this.#supply.set(subnetID, {
      ...supply,
      free: supply.free - addresses,
      held: (supply.held ?? 0) + addresses,
      ...(freePrefixes !== undefined && {
        freePrefixes: kind === "prefix" ? freePrefixes - units : freePrefixes,
      }),
    })
  }
}

const unitsOf = (kind: SupplyKind, addresses: number): number =>
  kind === "prefix" ? Math.ceil(addresses / prefixSize) : addresses
