import type { Node } from "../api/core.ts"
import type { KubeObject } from "../api/meta.ts"
import type { NodeNetworkStatus } from "../api/nodenetwork.ts"
import type { BerthError } from "../errors/berth-error.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"
import type { ControllerInformers } from "./informers.ts"
import { nodeEvents } from "./node-events.ts"

/** Tells what a new status says: on the node, and on the object that it concerns. */
export function announceStatus(
  { recorder, informers }: { recorder: EventRecorder; informers: ControllerInformers },
  node: Node,
  before: NodeNetworkStatus | undefined,
  after: NodeNetworkStatus,
): void {
  for (const { object, ...event } of nodeEvents(before, after)) {
    recorder.record({ ...event, regarding: node })
    const concerned = objectNamed(informers, object ?? "")
    if (concerned) recorder.record({ ...event, regarding: concerned })
  }
}

/** The object of a placement, such as `ENIConfig/us-west-2a`; undefined when it is not there. */
function objectNamed(informers: ControllerInformers, object: string): KubeObject | undefined {
  const [kind, name = ""] = object.split("/")
  const informer =
    kind === "ENIConfig"
      ? informers.eniConfigs
      : kind === "SubnetPool"
        ? informers.pools
        : undefined
  const read = informer?.get(name)
  return read?.state === "known" ? read.object : undefined
}

/** Missing IAM rights, under the reason that the original uses. */
export function announceMissingRights(
  recorder: EventRecorder,
  node: Node,
  error: BerthError,
): void {
  recorder.record({
    regarding: node,
    type: "Warning",
    reason: "MissingIAMPermissions",
    action: "CallEC2",
    note: `${error.message}. ${error.hint}`,
  })
}
