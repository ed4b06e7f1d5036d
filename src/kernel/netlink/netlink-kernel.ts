import { closeSync, mkdirSync, openSync, rmSync } from "node:fs"
import { dirname } from "node:path"
import { ErrnoError, errnoOf } from "../errno-error.ts"
import type { Kernel, NetNamespace } from "../kernel.ts"
import { refusable } from "../refusal.ts"
import { bindMount, unmount } from "./libc.ts"
import { NetlinkNamespace } from "./netlink-namespace.ts"
import { openOwnNamespace, ThreadNamespace } from "./thread-namespace.ts"

/** The Linux kernel of this machine. Needs CAP_NET_ADMIN, and CAP_SYS_ADMIN to use other namespaces than its own. */
export function netlinkKernel(): Kernel {
  const home = openOwnNamespace()
  const thread = new ThreadNamespace(home)
  const open = (path: string) =>
    refusable("open namespace", path, () => openNamespace(path, thread))
  return {
    host: new NetlinkNamespace("host", home, thread),
    open,
    create: (path) =>
      refusable("create namespace", path, () => {
        using existing = open(path)
        if (existing) throw new ErrnoError("create", "EEXIST")
        return createNamespace(path, thread)
      }),
    remove: (path) => refusable("remove namespace", path, () => removeNamespace(path)),
  }
}

/** A path whose namespace is unmounted is an ordinary file: setns then says EINVAL, which is as good as absent. */
const isGone = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR", "EINVAL"].includes(errnoOf(error) ?? "")

function openNamespace(path: string, thread: ThreadNamespace): NetNamespace | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, "r")
    return new NetlinkNamespace(path, fd, thread)
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    if (isGone(error)) return undefined
    throw error
  }
}

function createNamespace(path: string, thread: ThreadNamespace): NetNamespace {
  try {
    mkdirSync(dirname(path), { recursive: true })
    closeSync(openSync(path, "w"))
    thread.enterNew((own) => bindMount(own, path))
    const namespace = new NetlinkNamespace(path, openSync(path, "r"), thread)
    namespace.apply([{ do: "setLink", name: "lo", up: true }])
    return namespace
  } catch (error) {
    removeNamespace(path)
    throw error
  }
}

function removeNamespace(path: string): void {
  try {
    unmount(path)
  } catch (error) {
    if (!isGone(error)) throw error
  }
  rmSync(path, { force: true })
}
