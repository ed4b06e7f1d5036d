import type { Node } from "../../../api/core.ts"
import { isFinished, type LabPod, type PodStatus } from "../../loops/pod.ts"
import { parseQuantity } from "../../loops/scheduler/quantity.ts"

/**
 * What a kubelet says to a pod that does not fit any more, although it is bound: two schedulers, or a pod that names
 * its node. Undefined when there is room. The kubelet counts pods that run, also those being deleted.
 */
export function rejection(
  pod: LabPod,
  others: readonly LabPod[],
  node: Node,
): PodStatus | undefined {
  const capacity = parseQuantity(node.status?.allocatable?.["pods"])
  const used = others.filter((p) => !isFinished(p) && p.metadata.uid !== pod.metadata.uid).length
  if (used + 1 <= capacity) return undefined
  return {
    phase: "Failed",
    reason: "OutOfpods",
    message: `Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: ${used}, capacity: ${capacity}`,
  }
}
