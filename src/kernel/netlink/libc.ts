import { constants } from "node:os"
import koffi from "koffi"
import { ErrnoError } from "../errno-error.ts"

/**
 * The few libc calls that netlink and network namespaces need, which Node does not offer. `null` loads the symbols of
 * this process, so it works with glibc and musl alike. Elsewhere than on Linux every call says ENOSYS.
 */
const lib = process.platform === "linux" ? koffi.load(null) : undefined
const bind = (prototype: string) =>
  lib?.func(prototype) ??
  (() => {
    throw new ErrnoError(prototype, "ENOSYS")
  })

const socketCall = bind("int socket(int domain, int type, int protocol)")
const setsockoptCall = bind(
  "int setsockopt(int fd, int level, int name, const void *value, uint32_t length)",
)
const sendCall = bind("intptr_t send(int fd, const void *data, size_t length, int flags)")
const recvCall = bind("intptr_t recv(int fd, void *data, size_t length, int flags)")
const setnsCall = bind("int setns(int fd, int kind)")
const unshareCall = bind("int unshare(int flags)")
const mountCall = bind(
  "int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)",
)
const umountCall = bind("int umount2(const char *target, int flags)")

const CLONE_NEWNET = 0x40000000
const MS_BIND = 4096
const MNT_DETACH = 2
const SOCK_CLOEXEC = 0o2000000
const MSG_DONTWAIT = 0x40
const MSG_TRUNC = 0x20
const AF_NETLINK = 16
const SOCK_RAW = 3
const NETLINK_ROUTE = 0
const SOL_NETLINK = 270

const errnoNames = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]))

/** The name of an errno, such as "ENODEV". */
export const errnoName = (errno: number): string => errnoNames.get(errno) ?? `errno ${errno}`

function checked(call: string, result: number): number {
  if (result < 0) throw new ErrnoError(call, errnoName(koffi.errno()))
  return result
}

/** A routing netlink socket of the namespace that this thread is in now. */
export const netlinkSocket = (): number =>
  checked("socket", socketCall(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))

/** Switches on a netlink socket option; false when this kernel does not know it. */
export function netlinkOption(fd: number, option: number): boolean {
  const one = Buffer.from([1, 0, 0, 0])
  return setsockoptCall(fd, SOL_NETLINK, option, one, one.length) === 0
}

export function send(fd: number, data: Buffer): void {
  checked("send", sendCall(fd, data, data.length, 0))
}

/** Like `send`, in a worker thread: for requests over which the kernel takes its time. */
export const sendAside = (fd: number, data: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (error: unknown, sent: number) =>
      error || sent < 0 ? reject(new ErrnoError("send", "EIO")) : resolve()
    if ("async" in sendCall) sendCall.async(fd, data, data.length, 0, done)
    else sendCall()
  })

/** Fills `into` and returns how many bytes came. EAGAIN when nothing is queued, EMSGSIZE when `into` is too small. */
export function receive(fd: number, into: Buffer): number {
  const length = checked("recv", recvCall(fd, into, into.length, MSG_DONTWAIT | MSG_TRUNC))
  if (length > into.length) throw new ErrnoError("recv", "EMSGSIZE")
  return length
}

/** Moves this thread, and no other, into the network namespace behind `fd`. */
export function enterNamespace(fd: number): void {
  checked("setns", setnsCall(fd, CLONE_NEWNET))
}

/** Moves this thread into a new network namespace. */
export function newNamespace(): void {
  checked("unshare", unshareCall(CLONE_NEWNET))
}

export function bindMount(source: string, target: string): void {
  checked("mount", mountCall(source, target, "none", MS_BIND, null))
}

export function unmount(target: string): void {
  checked("umount", umountCall(target, MNT_DETACH))
}
