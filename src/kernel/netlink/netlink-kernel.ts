import { closeSync, mkdirSync, openSync, rmSync } from "node:fs"
import { dirname } from "node:path"
import { fail } from "../../errors/catalogue.ts"
import type { Kernel, NetNamespace } from "../kernel.ts"
import { bindMount, ErrnoError, unmount } from "./libc.ts"
import { NetlinkNamespace } from "./netlink-namespace.ts"
import { openOwnNamespace, ThreadNamespace } from "./thread-namespace.ts"

/** The Linux kernel of this machine. Needs CAP_NET_ADMIN, and CAP_SYS_ADMIN to use other namespaces than its own. */
export function netlinkKernel(): Kernel {
  const home = openOwnNamespace()
  const thread = new ThreadNamespace(home)
  return {
    host: new NetlinkNamespace("host", home, thread),
    open: (path) => openNamespace(path, thread),
    create: (path) => createNamespace(path, thread),
    remove: removeNamespace,
  }
}

const errnoOf = (error: unknown): string | undefined =>
  error instanceof ErrnoError ? error.errno : (error as NodeJS.ErrnoException).code

/** A path whose namespace is unmounted is an ordinary file: setns then says EINVAL, which is as good as absent. */
const gone = new Set(["ENOENT", "ENOTDIR", "EINVAL"])

function openNamespace(path: string, thread: ThreadNamespace): NetNamespace | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, "r")
    return new NetlinkNamespace(path, fd, thread)
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    if (gone.has(errno)) return undefined
    throw fail("kernel/refused", { operation: "open namespace", object: path, errno }, error)
  }
}

function createNamespace(path: string, thread: ThreadNamespace): NetNamespace {
  const operation = "create namespace"
  using existing = openNamespace(path, thread)
  if (existing) throw fail("kernel/refused", { operation, object: path, errno: "EEXIST" })
  try {
    mkdirSync(dirname(path), { recursive: true })
    closeSync(openSync(path, "w"))
    thread.enterNew((own) => bindMount(own, path))
    const namespace = new NetlinkNamespace(path, openSync(path, "r"), thread)
    namespace.apply([{ do: "setLink", name: "lo", up: true }])
    return namespace
  } catch (error) {
    removeNamespace(path)
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    throw fail("kernel/refused", { operation, object: path, errno }, error)
  }
}

function removeNamespace(path: string): void {
  try {
    unmount(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined || !gone.has(errno))
      throw fail(
        "kernel/refused",
        { operation: "remove namespace", object: path, errno: String(errno) },
        error,
      )
  }
  rmSync(path, { force: true })
}
