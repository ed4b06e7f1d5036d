import { closeSync } from "node:fs"
import { socketOption } from "./constants.ts"
import { netlinkOption, netlinkSocket, receive, send, sendAside } from "./libc.ts"

/** What carries netlink messages to the kernel and back. */
export interface NetlinkChannel {
  send(data: Buffer): void
  /** Resolves when the kernel has dealt with the request, which is done in another thread. */
  sendAside(data: Buffer): Promise<void>
  /** The next datagram, valid until the next call; ErrnoError EAGAIN when there is none. */
  receive(): Buffer
  close(): void
}

/** The kernel fills at most 32 KiB (net/netlink/af_netlink.c). One buffer serves all: it is read before the next call. */
const received = Buffer.allocUnsafeSlow(64 * 1024)

/** A socket of the namespace that this thread is in now. */
export function openNetlinkChannel(): NetlinkChannel {
  const fd = netlinkSocket()
  netlinkOption(fd, socketOption.capAck)
  netlinkOption(fd, socketOption.extendedAck)
  return {
    send: (data) => send(fd, data),
    sendAside: (data) => sendAside(fd, data),
    receive: () => received.subarray(0, receive(fd, received)),
    close: () => closeSync(fd),
  }
}
