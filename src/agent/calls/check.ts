import { fail } from "../../errors/catalogue.ts"
import type { CniCall } from "../cni-call.ts"
import { checkPod } from "../network/pod-wiring.ts"
import { type CallContext, podAttachment } from "./context.ts"

/** Compares the kernel with what ADD made; the answer is empty when all is there. */
export async function check(call: CniCall, c: CallContext): Promise<string> {
  const attachment = c.book.find(call.key)
  if (!attachment) throw fail("cni/unknown-container", { container: call.key.containerID })
  const problems = checkPod(c.kernel, podAttachment(attachment))
  if (problems.length === 0) return ""
  throw fail("cni/check-failed", { container: call.key.containerID, problems })
}
