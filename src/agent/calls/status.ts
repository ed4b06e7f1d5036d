import { fail } from "../../errors/catalogue.ts"
import type { CallContext } from "./context.ts"

/**
 * Says whether ADDs can be served at all. A node without a free address still answers yes: container runtimes turn a
 * no into NodeReady=False, after which running pods are evicted.
 */
export async function status(c: CallContext): Promise<string> {
  const why = c.unavailable()
  if (why !== undefined) throw fail("cni/not-available", { why })
  return ""
}
