import type { NodeInterface, Offer, PlacementDemand } from "../api/nodenetwork.ts"
import type { Resolution } from "../placement/resolve.ts"
import type { Action, MarkAction } from "./actions.ts"
import { prefixSize, type Stock } from "./targets.ts"

/** What of a node decides which of its interfaces give addresses to new pods. */
export interface ServingContext {
  readonly customNetworking: boolean
  readonly offers: readonly Offer[]
  readonly inFlight: readonly Action[]
  /** Changes of state that the same plan makes. */
  readonly marks: readonly MarkAction[]
}

/** Whether new pods of its placement may get addresses of the interface, as the placement is resolved now. */
export function servesNewPods(
  iface: NodeInterface,
  resolution: Resolution | undefined,
  context: ServingContext,
): boolean {
  const { id, primary, subnetID } = iface
  const state = context.marks.find((mark) => mark.interfaceID === id)?.state ?? iface.state
  if (state !== "Ready" && state !== "Attaching") return false
  if (primary && context.customNetworking) return false
  if (context.offers.some((offer) => offer.interfaceID === id && isWhole(offer))) return false
  if (context.inFlight.some((a) => a.do === "release" && a.interfaceID === id)) return false
  if (resolution?.ok !== true) return true
  return resolution.placement.subnets.some(({ subnet }) => subnet.id === subnetID)
}

/** Places for addresses or prefixes that a live interface has left, calls in flight considered. */
export function roomOn(iface: NodeInterface, perInterface: number, inFlight: readonly Action[]) {
  const coming = inFlight.filter((a) => a.do === "assign" && a.interfaceID === iface.id)
  const promised = coming.reduce((sum, a) => sum + unitsOf(a), 0)
  return Math.max(0, perInterface - iface.addresses.length - iface.prefixes.length - promised)
}

/** The counts of one placement: what `interfaces` (those that serve it) have or will have once calls in flight end. */
export function stockOf(
  demand: PlacementDemand,
  interfaces: readonly NodeInterface[],
  context: ServingContext & { readonly perInterface: number; readonly drains: boolean },
): Stock {
  const { offers, inFlight, perInterface } = context
  const owned = interfaces.reduce((sum, iface) => sum + addressesOn(iface, offers), 0)
  const ids = new Set(interfaces.map((iface) => iface.id))
  const coming = inFlight.filter(
    (a) =>
      (a.do === "create" && a.placement === demand.placement) ||
      (a.do === "assign" && ids.has(a.interfaceID)),
  )
  const total = coming.reduce((sum, a) => sum + addressesFrom(a), owned)
  const believable = context.drains ? usableOn(interfaces, offers) : total
  const held = Math.min(demand.inUse + (demand.kept ?? 0), believable)
  const cooling = Math.min(demand.cooling, believable - held)
  return { total, held, cooling, waiting: demand.waiting, perInterface }
}

/** While an interface begins to drain the agent still counts its pods, which need nothing of those that follow it. */
const usableOn = (interfaces: readonly NodeInterface[], offers: readonly Offer[]) =>
  interfaces
    .filter((iface) => iface.state === "Ready")
    .reduce((sum, iface) => sum + addressesOn(iface, offers), 0)

/** Pod addresses of an interface that are not given back. */
function addressesOn(iface: NodeInterface, offers: readonly Offer[]): number {
  const own = offers.filter((offer) => offer.interfaceID === iface.id)
  const singles = iface.addresses.filter((a) => !own.some((offer) => offer.address === a))
  const prefixes = iface.prefixes.filter((p) => !own.some((offer) => offer.prefix === p))
  return singles.length + prefixes.length * prefixSize
}

const unitsOf = (a: Action) => (a.do === "assign" ? a.addresses + a.prefixes : 0)

const addressesFrom = (a: Action) =>
  a.do === "create" || a.do === "assign" ? a.addresses + a.prefixes * prefixSize : 0

const isWhole = (offer: Offer) => offer.address === undefined && offer.prefix === undefined
