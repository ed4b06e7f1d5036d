import type { NodeInterface, NodeNetwork, Offer } from "../api/nodenetwork.ts"
import { ownershipOf } from "../ipam/ownership.ts"
import type { Logger } from "../log.ts"
import { limitsOf } from "../vpc/instance-limits.ts"
import { type AdoptContext, adopt } from "./adopt.ts"
import type { CloudFacts } from "./cloud-facts.ts"
import type { ClusterName } from "./cluster-name.ts"
import type { Observation } from "./instance-loader.ts"
import type { NodeState } from "./node-state.ts"
import { reconcileTruth, sightingsApartMs } from "./truth.ts"

/** Brings a node's state up to what EC2 has shown of its instance. */
export async function takeIn(
  observation: Observation,
  state: NodeState,
  object: NodeNetwork,
  { facts, log, clusterName }: { facts: CloudFacts; log: Logger; clusterName: ClusterName },
): Promise<void> {
  const enis = observation.interfaces
  const primary = enis.find((eni) => eni.attachment?.deviceIndex === 0)
  state.verifiedAt = observation.at
  state.verifyAt = undefined
  if (!primary) {
    // A fresh instance may not be visible yet, one that ended shows nothing any more.
    state.doubt(observation.at + 5_000)
    return
  }
  state.vpcId = primary.vpcId
  state.zone = primary.zone
  const subnets = new Set(enis.map((eni) => eni.subnetId))
  await facts.ensure({ vpcId: primary.vpcId, subnets, groups: [], allGroups: false })
  const context = contextOf(state, object, facts, clusterName.value)
  const seen = enis.map((eni) => withoutOffered(adopt(eni, context), state, object))
  // The record of an instance that had the node's name before says nothing about this one.
  const isOthers = state.interfaces.some((i) => i.primary && i.id !== primary.id)
  if (isOthers) state.intents.clear()
  const known = isOthers ? [] : state.interfaces
  const truth = reconcileTruth(known, seen, state.suspects, observation.at)
  state.interfaces = truth.interfaces
  state.suspects = truth.suspects
  if (truth.suspects.size > 0) state.doubt(observation.at + sightingsApartMs + 1_000)
  if (truth.corrections.length > 0)
    log.warn("the record of a node is corrected by what EC2 shows", {
      node: state.name,
      corrections: truth.corrections,
    })
  for (const eni of enis) {
    if (eni.attachment) state.attachments.set(eni.id, eni.attachment)
    if (ownershipOf(eni, context).releasable) state.releasable.add(eni.id)
    else state.releasable.delete(eni.id)
  }
}

/**
 * What is offered and not listed was given back: a stale read must not bring it back, and what EC2 has assigned anew
 * is listed only when the agent has taken its old offer back, or it would be given back again with a pod on it.
 */
function withoutOffered(
  iface: NodeInterface,
  state: NodeState,
  { spec: { offers } }: NodeNetwork,
): NodeInterface {
  const known = state.find(iface.id)
  const stays = (listed: readonly string[] | undefined) => (item: string) =>
    listed?.includes(item) === true || !isOffered(offers, iface.id, item)
  return {
    ...iface,
    addresses: iface.addresses.filter(stays(known?.addresses)),
    prefixes: iface.prefixes.filter(stays(known?.prefixes)),
  }
}

const isOffered = (offers: readonly Offer[], id: string, item: string): boolean =>
  offers.some((o) => o.interfaceID === id && (o.address === item || o.prefix === item))

function contextOf(
  state: NodeState,
  object: NodeNetwork,
  facts: CloudFacts,
  clusterName: string | undefined,
): AdoptContext {
  const { mode, demand } = object.spec
  const cluster = clusterName || mode.clusterName
  return {
    instanceID: state.instanceID,
    ...(cluster ? { clusterName: cluster } : {}),
    manageUntagged: mode.manageUntagged,
    defaultNetworkCard: defaultCardOf(state.instanceType),
    placements: demand.map((d) => d.placement),
    cidrOf: (id) => {
      const subnet = facts.subnet(id)
      return subnet.state === "found" ? subnet.value.cidr : ""
    },
  }
}

function defaultCardOf(instanceType: string): number {
  try {
    return limitsOf(instanceType).defaultNetworkCardIndex
  } catch {
    // An unknown type is reported where its limits are needed.
    return 0
  }
}
