import { keyText } from "../../ipam/held.ts"
import type { CniCall } from "../cni-call.ts"
import type { CallContext } from "./context.ts"
import { detach } from "./del.ts"

/** Frees every attachment of the network that the runtime no longer knows, but none that a call works on just now. */
export async function gc(call: CniCall, c: CallContext): Promise<string> {
  const valid = new Set(call.valid.map((v) => `${v.containerID}/${v.ifName}`))
  const stale = c.book
    .attachments()
    .map((a) => a.held.key)
    .filter((key) => key.network === call.key.network)
    .filter((key) => !valid.has(`${key.containerID}/${key.ifName}`) && !c.locks.has(keyText(key)))
  for (const key of stale) await c.locks.run(keyText(key), () => detach(key, "GC", c))
  if (stale.length > 0)
    c.log.info("freed what the runtime no longer knows", { count: stale.length })
  return ""
}
