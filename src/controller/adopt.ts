import type { InterfaceState, NodeInterface, PlacementKey } from "../api/nodenetwork.ts"
import { type OwnershipContext, ownershipOf } from "../ipam/ownership.ts"
import type { NetworkInterface } from "../vpc/model.ts"
import { objectTag, placementOfTags } from "./interface-tags.ts"

export interface AdoptContext extends OwnershipContext {
  readonly placements: Iterable<PlacementKey>
  /** CIDR of the interface's subnet. */
  readonly cidrOf: (subnetID: string) => string
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
    ...(eni.type === "trunk" && { type: eni.type }),
    primary: deviceIndex === 0 && networkCard === context.defaultNetworkCard,
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
  if (!ownershipOf(eni, context).managed) return "Foreign"
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
