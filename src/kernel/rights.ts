import { closeSync } from "node:fs"
import { errnoOf } from "./errno-error.ts"
import { enterNamespace, newNamespace } from "./netlink/libc.ts"
import { openOwnNamespace } from "./netlink/thread-namespace.ts"

export type NamespaceRights =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly why: string }

/** Whether this process may make network namespaces, tried out by making one. */
export function namespaceRights(): NamespaceRights {
  if (process.platform !== "linux") return { allowed: false, why: "this is not Linux" }
  const home = openOwnNamespace()
  try {
    newNamespace()
    enterNamespace(home)
    return { allowed: true }
  } catch (error) {
    const errno = errnoOf(error) ?? String(error)
    return { allowed: false, why: reasons[errno] ?? `unshare: ${errno}` }
  } finally {
    closeSync(home)
  }
}

const reasons: Record<string, string> = {
  EPERM: "this process lacks CAP_SYS_ADMIN (run as root, or allow user namespaces)",
  ENOSPC: "the limit of network namespaces is reached (sysctl user.max_net_namespaces)",
  EINVAL: "this kernel is built without network namespaces (CONFIG_NET_NS)",
}
