import type { NodeInterface, NodeMode } from "../api/nodenetwork.ts"
import type { InterfaceLimits } from "../vpc/instance-limits.ts"
import type { Action } from "./actions.ts"

/** The ENI slots of a node's default network card: attached, promised to creates in flight, and free. */
export class InterfaceSlots {
  readonly networkCard: number
  /** Places for pod addresses or prefixes on a new interface. */
  readonly perInterface: number
  /** MAX_ENI counts the primary, and counts only when it is at least 1 and below the type's own limit. */
  readonly limit: number
  readonly foreign: number
  readonly #taken: Set<number>

  constructor(
    limits: InterfaceLimits,
    maxENI: number | undefined,
    interfaces: readonly NodeInterface[],
    inFlight: readonly Action[],
    mode: Pick<NodeMode, "podENI"> = {},
  ) {
    this.networkCard = limits.defaultNetworkCard
    this.perInterface = Math.max(0, limits.addressesPerInterface - 1)
    const capped = maxENI !== undefined && maxENI >= 1 && maxENI < limits.interfaces
    // The control plane attaches its trunk at the highest index once there is room.
    const awaited = mode.podENI && limits.trunk && !interfaces.some((i) => i.type === "trunk")
    this.limit = (capped ? maxENI : limits.interfaces) - (awaited ? 1 : 0)
    const onCard = interfaces.filter((iface) => iface.networkCard === this.networkCard)
    this.foreign = onCard.filter((iface) => iface.state === "Foreign").length
    const coming = inFlight
      .filter((a) => a.do === "create")
      .filter((a) => a.networkCard === this.networkCard)
    this.#taken = new Set([
      ...onCard.map((iface) => iface.deviceIndex),
      ...coming.map((a) => a.deviceIndex),
    ])
  }

  get used(): number {
    return this.#taken.size
  }

  /** The lowest free device index (index 0 is the primary's); undefined when every slot is taken. */
  next(): number | undefined {
    if (this.used >= this.limit) return undefined
    let index = 1
    while (this.#taken.has(index)) index++
    return index
  }

  take(deviceIndex: number): void {
    this.#taken.add(deviceIndex)
  }
}
