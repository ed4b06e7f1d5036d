import type { PlacementKey } from "../../api/nodenetwork.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import type { Logger } from "../../log.ts"
import type { AddressBook } from "../address-book.ts"
import type { AgentMetrics } from "../agent-metrics.ts"
import type { Attachment, Wiring } from "../book-record.ts"
import type { Branches } from "../branches.ts"
import type { KeyedLock } from "../keyed-lock.ts"
import type { PodAttachment } from "../network/pod-plan.ts"
import type { PodIPAnnotation } from "../pod-ip-annotation.ts"

/** What the CNI calls work with. */
export interface CallContext {
  readonly book: AddressBook
  readonly kernel: Kernel
  readonly metrics: AgentMetrics
  readonly log: Logger
  /** How a pod of the placement is wired, apart from what its address decides. */
  readonly linkFor: (placement: PlacementKey) => Pick<Wiring, "mtu" | "vethPrefix" | "isolated">
  /** One call at a time per attachment: a DEL may overtake the ADD that the runtime gave up. */
  readonly locks: KeyedLock
  /** Which placement serves the pod; rejects with the reason when that is not known. Never a guess. */
  readonly placementOf: (pod: { namespace: string; name: string }) => Promise<PlacementKey>
  /** Undefined unless ANNOTATE_POD_IP is set. */
  readonly annotation: PodIPAnnotation | undefined
  /** The branch interface of a pod that is to have one of its own. */
  readonly branchOf: Branches["of"]
  /** Why the agent cannot serve ADDs at all; undefined when it can. */
  readonly unavailable: () => string | undefined
}

/** The attachment in the words of the wiring functions. */
export const podAttachment = ({ held, wiring }: Attachment): PodAttachment => ({
  namespace: held.pod.namespace,
  pod: held.pod.name,
  containerId: held.key.containerID,
  interfaceName: held.key.ifName,
  address: held.address,
  ...wiring,
})
