import type { NodeInterface } from "../api/nodenetwork.ts"
import { primaryObject } from "../placement/placement.ts"
import type { Resolution } from "../placement/resolve.ts"
import type { Action } from "./actions.ts"

/** What a placement's resolution asks of a live interface that Berth manages: mark it, change its groups, or neither. */
export function converge(iface: NodeInterface, resolution: Resolution | undefined): Action[] {
  if (iface.state !== "Ready" && iface.state !== "Draining") return []
  if (resolution === undefined || (iface.primary && !isPrimarys(resolution))) return []
  const { id: interfaceID } = iface
  const why = reasonToDrain(iface, resolution)
  if (why !== undefined) {
    return iface.state === "Draining" ? [] : [{ do: "mark", interfaceID, state: "Draining", why }]
  }
  if (!resolution.ok) return []
  const actions: Action[] = []
  const { object, securityGroups } = resolution.placement
  if (iface.state === "Draining") {
    actions.push({ do: "mark", interfaceID, state: "Ready", why: `${object} wants it again` })
  }
  if (!iface.primary && !sameGroups(iface.securityGroups, securityGroups)) {
    actions.push({ do: "regroup", interfaceID, securityGroups, urgency: "allocate" })
  }
  return actions
}

/** Without custom networking the primary ENI serves pods too, and drains when its subnet is excluded. */
const isPrimarys = (resolution: Resolution) =>
  resolution.ok && resolution.placement.object === primaryObject

/**
 * An interface drains when its placement has left its subnet. A refusal does not drain what the same object made: a
 * deleted ENIConfig must not end every pod start of a cluster, and a failed read says nothing. But when the node is now
 * bound to another object that is refused, its new pods must not get the former placement's addresses.
 */
function reasonToDrain(iface: NodeInterface, resolution: Resolution): string | undefined {
  if (resolution.ok) {
    const { subnets, object } = resolution.placement
    const listed = subnets.some(({ subnet }) => subnet.id === iface.subnetID)
    return listed ? undefined : `${object} does not name subnet ${iface.subnetID}`
  }
  if (resolution.unreadable || resolution.object === "" || iface.object === undefined) {
    return undefined
  }
  const rebound = iface.object !== resolution.object
  return rebound ? `the placement is ${resolution.object} now, was ${iface.object}` : undefined
}

const sameGroups = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((id) => b.includes(id))
