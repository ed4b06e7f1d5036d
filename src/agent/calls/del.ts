import type { AttachmentKey } from "../../ipam/held.ts"
import type { CniCall } from "../cni-call.ts"
import { unwirePod } from "../network/pod-wiring.ts"
import { type CallContext, podAttachment } from "./context.ts"

export type ReleaseReason = "PodDeleted" | "GC" | "Orphan"

/** Takes the pod's wiring and address away. What is not known is gone already, which is success. */
export async function del(call: CniCall, c: CallContext): Promise<string> {
  const held = c.book.find(call.key)?.held
  // A pod goes all the same while the API is away; who gets its address next says so on a pod of its own.
  if (held)
    await c.annotation?.clear(held.pod, held.address).catch((error: Error) => {
      c.log.warn("the annotation of a pod that went is left", { why: error.message })
    })
  await detach(call.key, "PodDeleted", c)
  return ""
}

/** The wiring goes first: an address must not be free while rules still lead to its last pod. */
export async function detach(
  key: AttachmentKey,
  reason: ReleaseReason,
  c: CallContext,
): Promise<void> {
  const attachment = c.book.find(key)
  if (!attachment) return
  unwirePod(c.kernel, podAttachment(attachment))
  await c.book.release(key)
  c.metrics.awscni_del_ip_req_count.inc({ reason })
  const { pod, address } = attachment.held
  c.log.debug("pod detached", { pod, address, container: key.containerID, reason })
}
