import type { NodeNetworkStatus, PlacementStatus } from "../api/nodenetwork.ts"
import { reasonOf } from "./conditions.ts"

/** What users should hear of a change of a node's status. `object` names a further object that it concerns. */
export interface NodeEvent {
  readonly type: "Normal" | "Warning"
  readonly reason: string
  readonly action: string
  readonly note: string
  readonly object?: string
}

/** The events between two statuses. Nothing is said twice: what the former status says has been said. */
export function nodeEvents(
  before: NodeNetworkStatus | undefined,
  after: NodeNetworkStatus,
): NodeEvent[] {
  return [
    ...after.placements.flatMap((p) =>
      placementEvents(
        before?.placements.find((b) => b.placement === p.placement),
        p,
      ),
    ),
    ...interfaceEvents(before, after),
  ]
}

function placementEvents(before: PlacementStatus | undefined, after: PlacementStatus): NodeEvent[] {
  const object = after.object === "primary" || after.object === "" ? {} : { object: after.object }
  if (after.message !== undefined && after.message !== before?.message) {
    const reason = reasonOf(after.code ?? "")
    const note = after.hint ? `${after.message}. ${after.hint}` : after.message
    return [{ type: "Warning", reason, action: "ResolvePlacement", note, ...object }]
  }
  if (after.ready && before && !before.ready) {
    const note = `placement ${after.placement} can be used: ${after.object}`
    return [
      { type: "Normal", reason: "PlacementReady", action: "ResolvePlacement", note, ...object },
    ]
  }
  return []
}

function interfaceEvents(
  before: NodeNetworkStatus | undefined,
  after: NodeNetworkStatus,
): NodeEvent[] {
  // The first status of a node describes what was there already.
  if (!before) return []
  const events: NodeEvent[] = []
  for (const iface of after.interfaces) {
    const known = before.interfaces.find((b) => b.id === iface.id)
    const where = `${iface.id} in ${iface.subnetID} (${iface.object ?? iface.placement})`
    if (iface.state === "Ready" && known?.state !== "Ready" && known?.state !== "Draining")
      events.push(normal("InterfaceAttached", "AttachInterface", `attached ${where}`))
    if (iface.state === "Draining" && known && known.state !== "Draining")
      events.push(
        normal(
          "InterfaceDraining",
          "DrainInterface",
          `${where} gets no new pods: placement changed`,
        ),
      )
    if (known && !sameGroups(known.securityGroups, iface.securityGroups))
      events.push(
        normal(
          "SecurityGroupsChanged",
          "ModifyInterface",
          `${iface.id} has the security groups ${iface.securityGroups.join(", ")} now`,
        ),
      )
  }
  for (const known of before.interfaces)
    if (!after.interfaces.some((i) => i.id === known.id))
      events.push(normal("InterfaceReleased", "ReleaseInterface", `gave back ${known.id}`))
  return events
}

const normal = (reason: string, action: string, note: string): NodeEvent => ({
  type: "Normal",
  reason,
  action,
  note,
})

const sameGroups = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((id) => b.includes(id))
