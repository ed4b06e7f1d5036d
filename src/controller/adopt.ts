import type { InterfaceState, NodeInterface, NodeMode, PlacementKey } from "../api/nodenetwork.ts"
import type { NetworkInterface } from "../vpc/model.ts"
import { instanceTag, objectTag, placementOfTags, unmanagedTag } from "./interface-tags.ts"

export interface AdoptContext {
  readonly instanceID: string
  readonly mode: Pick<NodeMode, "manageUntagged">
  readonly placements: Iterable<PlacementKey>
  /** CIDR of the interface's subnet. */
  readonly cidrOf: (subnetID: string) => string
  readonly defaultNetworkCard: number
}

/** An interface as EC2 shows it, as one of the node's. */
export function adopt(eni: NetworkInterface, context: AdoptContext): NodeInterface {
  const { deviceIndex = 0, networkCard = 0 } = eni.attachment ?? {}
  const object = eni.tags[objectTag]
  return {
    id: eni.id,
    mac: eni.mac,
    deviceIndex,
    networkCard,
    primary: deviceIndex === 0 && networkCard === 0,
    subnetID: eni.subnetId,
    subnetCIDR: context.cidrOf(eni.subnetId),
    securityGroups: [...eni.securityGroups],
    placement: placementOfTags(eni.tags, context.placements),
    ...(object === undefined ? {} : { object }),
    state: stateOf(eni, context),
    primaryAddress: eni.primaryAddress,
    addresses: [...eni.addresses],
    prefixes: [...eni.prefixes],
  }
}

function stateOf(eni: NetworkInterface, context: AdoptContext): InterfaceState {
  if (isForeign(eni, context)) return "Foreign"
  switch (eni.attachment?.state) {
    case "attached":
      return "Ready"
    case "detaching":
    case "detached":
      return "Releasing"
    default:
      return "Attaching"
  }
}

/**
 * Interfaces that are not Berth's to use: tagged no_manage, of another kind (EFA, trunk, branch), on another network
 * card, or without this instance's tag when MANAGE_UNTAGGED_ENI is false. The primary one is never foreign.
 */
export function isForeign(
  eni: NetworkInterface,
  context: Pick<AdoptContext, "instanceID" | "mode" | "defaultNetworkCard">,
): boolean {
  const { deviceIndex, networkCard = 0 } = eni.attachment ?? {}
  if (deviceIndex === 0 && networkCard === 0) return false
  if (eni.tags[unmanagedTag] === "true") return true
  if (eni.type !== "interface") return true
  if (networkCard !== context.defaultNetworkCard) return true
  return !context.mode.manageUntagged && eni.tags[instanceTag] !== context.instanceID
}
