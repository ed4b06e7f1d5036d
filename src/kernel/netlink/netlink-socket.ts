import { ErrnoError } from "../errno-error.ts"
import { errorAttribute, messageFlag, messageType } from "./constants.ts"
import { errnoName } from "./libc.ts"
import {
  type Message,
  type MessageWriter,
  readAttributes,
  readMessages,
  textOf,
} from "./message.ts"
import { type NetlinkChannel, openNetlinkChannel } from "./netlink-channel.ts"

/** A dump that keeps being interrupted by other programs is given up: partial data must never be taken for the whole. */
const dumpTries = 5

/**
 * A routing netlink socket, bound to the namespace it was opened in. The kernel has the answer ready when `send`
 * returns, so requests are synchronous. They go one by one: the kernel would carry on with a batch after a refusal,
 * and a round trip is 4 us where a veth pair is hundreds.
 */
export class NetlinkSocket implements Disposable {
  readonly #channel: NetlinkChannel
  #sequence = 0

  constructor(channel: NetlinkChannel = openNetlinkChannel()) {
    this.#channel = channel
  }

  /** Carries out one change, asked for with the acknowledge flag. */
  change(request: MessageWriter): void {
    this.#channel.send(this.#numbered(request))
    this.#acknowledged()
  }

  /** Like `change`, with the waiting done in another thread. The socket must not be used meanwhile. */
  async changeAside(request: MessageWriter): Promise<void> {
    await this.#channel.sendAside(Buffer.from(this.#numbered(request)))
    this.#acknowledged()
  }

  /** Asks for one object; the answer is valid until the next request. */
  get(request: MessageWriter): Buffer {
    this.#channel.send(this.#numbered(request))
    for (;;) for (const message of this.#next()) return message.body
  }

  /** Asks for all objects of a kind. */
  dump(request: MessageWriter): Buffer[] {
    for (let tries = 0; tries < dumpTries; tries++) {
      const bodies = this.#dumpOnce(request)
      if (bodies) return bodies
    }
    throw new ErrnoError("dump", "EINTR", `the table changed during each of ${dumpTries} readings`)
  }

  [Symbol.dispose](): void {
    this.#channel.close()
  }

  #dumpOnce(request: MessageWriter): Buffer[] | undefined {
    this.#channel.send(this.#numbered(request))
    const bodies: Buffer[] = []
    let interrupted = false
    for (;;) {
      for (const message of this.#next()) {
        if (message.flags & messageFlag.dumpInterrupted) interrupted = true
        if (message.type === messageType.done) return interrupted ? undefined : bodies
        bodies.push(Buffer.from(message.body))
      }
    }
  }

  #numbered(request: MessageWriter): Buffer {
    this.#sequence = (this.#sequence + 1) >>> 0
    return request.finish(this.#sequence)
  }

  #acknowledged(): void {
    for (;;) for (const message of this.#next()) if (message.type === messageType.error) return
  }

  /** The messages of the next datagram that answer the last request; throws when one is a refusal. */
  *#next(): Generator<Message> {
    for (const message of readMessages(this.#channel.receive())) {
      if (message.sequence !== this.#sequence) continue
      if (message.type === messageType.error || message.type === messageType.done) refuse(message)
      yield message
    }
  }
}

/** An error message, and the end of a dump, begin with a negative errno; 0 means success. */
function refuse(message: Message): void {
  const errno = message.body.length >= 4 ? message.body.readInt32LE() : 0
  if (errno === 0) return
  const hasText = message.type === messageType.error && message.flags & messageFlag.attributes
  // struct nlmsgerr holds the request's header (16 bytes), and its payload unless the answer is capped.
  const capped = (message.flags & messageFlag.capped) !== 0
  const skip = 4 + (capped ? 16 : (message.body.readUInt32LE(4) + 3) & ~3)
  const why = hasText
    ? readAttributes(message.body.subarray(skip)).get(errorAttribute.message)
    : undefined
  throw new ErrnoError("netlink", errnoName(-errno), why && textOf(why))
}
