import type { NodeInterface, Offer } from "../api/nodenetwork.ts"
import type { Action } from "./actions.ts"

/**
 * The calls that carry out what the agent offers: one per interface. A whole interface makes the offers of its parts
 * moot. What status no longer has, what is foreign, the primary ENI and what a call in flight returns are left out; an
 * interface that is being added to comes later.
 */
export function giveBack(
  offers: readonly Offer[],
  interfaces: readonly NodeInterface[],
  inFlight: readonly Action[],
): Action[] {
  const busy = new Set(inFlight.flatMap(returnedBy))
  return interfaces.flatMap((iface): Action[] => {
    if (iface.state === "Foreign" || iface.state === "Releasing") return []
    const own = offers.filter((offer) => offer.interfaceID === iface.id)
    const whole = own.some((offer) => offer.address === undefined && offer.prefix === undefined)
    const { id: interfaceID } = iface
    if (busy.has(interfaceID)) return []
    if (whole) return iface.primary ? [] : [{ do: "release", interfaceID, urgency: "release" }]
    const addresses = own.flatMap((offer) => offer.address ?? [])
    const prefixes = own.flatMap((offer) => offer.prefix ?? [])
    const left = (list: readonly string[], has: readonly string[]) =>
      [...new Set(list)].filter((item) => has.includes(item) && !busy.has(`${interfaceID} ${item}`))
    const action = {
      do: "unassign",
      interfaceID,
      addresses: left(addresses, iface.addresses),
      prefixes: left(prefixes, iface.prefixes),
      urgency: "release",
    } as const
    return action.addresses.length + action.prefixes.length > 0 ? [action] : []
  })
}

/**
 * Whether an interface is between a give-back and the agent's word that it knows: nothing may be added to it then. EC2
 * could assign an address again that has just gone; the agent, which has seen it go, would use it, and the offer that
 * still stands in spec would take it away under a pod.
 */
export function isSettling(
  iface: NodeInterface,
  offers: readonly Offer[],
  inFlight: readonly Action[],
): boolean {
  const isGone = ({ interfaceID, address, prefix }: Offer) =>
    interfaceID === iface.id &&
    ((address !== undefined && !iface.addresses.includes(address)) ||
      (prefix !== undefined && !iface.prefixes.includes(prefix)))
  return (
    offers.some(isGone) || inFlight.some((a) => a.do === "unassign" && a.interfaceID === iface.id)
  )
}

/** What is left alone because a call is under way: items, or a whole interface. */
function returnedBy(action: Action): string[] {
  if (action.do === "release" || action.do === "assign") return [action.interfaceID]
  if (action.do !== "unassign") return []
  return [...action.addresses, ...action.prefixes].map((item) => `${action.interfaceID} ${item}`)
}
