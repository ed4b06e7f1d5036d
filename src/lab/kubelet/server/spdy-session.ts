import { Duplex } from "node:stream"
import {
  controlFrame,
  dataFrame,
  type Frame,
  flagFin,
  frameType,
  HeaderCodec,
  takeFrame,
} from "./spdy-codec.ts"

/** Streams that one client may have open at the same time: port-forward uses two for every connection. */
const streamsMax = 512
const chunkMax = 32 * 1024

export type OnStream = (stream: Duplex, headers: ReadonlyMap<string, string>) => void

/**
 * The server's side of SPDY/3.1 over a connection, as kubectl's remote commands use it: the client opens the streams.
 * There is no flow control, because the client side (moby/spdystream) has none either.
 */
export class SpdySession {
  readonly #connection: Duplex
  readonly #onStream: OnStream
  readonly #codec = new HeaderCodec()
  readonly #streams = new Map<number, Duplex>()
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>

  constructor(connection: Duplex, head: Buffer, onStream: OnStream) {
    this.#connection = connection
    this.#onStream = onStream
    if (head.length > 0) connection.unshift(head)
    this.closed = this.#read()
      .catch(() => {})
      .then(() => this.#end())
  }

  /** Lets what was written reach the client, then closes. */
  end(): void {
    this.#connection.end()
  }

  async #read(): Promise<void> {
    let buffer: Buffer = Buffer.alloc(0)
    for await (const chunk of this.#connection as AsyncIterable<Buffer>) {
      buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
      for (let taken = takeFrame(buffer); taken; taken = takeFrame(buffer)) {
        buffer = taken.rest
        await this.#handle(taken.frame)
      }
    }
  }

  async #handle(frame: Frame): Promise<void> {
    if (!frame.control) {
      const stream = this.#streams.get(frame.stream)
      if (stream && frame.data.length > 0) stream.push(Buffer.from(frame.data))
      if (stream && frame.fin) stream.push(null)
      return
    }
    const { data } = frame
    if (frame.type === frameType.synStream) await this.#open(data, (frame.flags & flagFin) !== 0)
    else if (frame.type === frameType.ping) this.#send(controlFrame(frameType.ping, 0, data))
    else if (frame.type === frameType.rstStream) {
      this.#streams.get(data.readUInt32BE(0))?.destroy()
      this.#streams.delete(data.readUInt32BE(0))
    } else if (frame.type === frameType.headers) {
      // Unused, but the compression context goes on through it.
      await this.#codec.decode(data.subarray(4))
    }
  }

  async #open(data: Buffer, fin: boolean): Promise<void> {
    const id = data.readUInt32BE(0) & 0x7fffffff
    const headers = await this.#codec.decode(data.subarray(10))
    if (this.#streams.size >= streamsMax) throw new Error("too many streams")
    const stream = this.#newStream(id)
    this.#streams.set(id, stream)
    if (fin) stream.push(null)
    const number = Buffer.alloc(4)
    number.writeUInt32BE(id)
    const reply = Buffer.concat([number, await this.#codec.encode(new Map())])
    this.#send(controlFrame(frameType.synReply, 0, reply))
    this.#onStream(stream, headers)
  }

  #newStream(id: number): Duplex {
    const stream = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _, done) => {
        for (let at = 0; at < chunk.length; at += chunkMax)
          this.#send(dataFrame(id, chunk.subarray(at, at + chunkMax), false))
        done()
      },
      final: (done) => {
        this.#send(dataFrame(id, Buffer.alloc(0), true))
        done()
      },
      destroy: (error, done) => {
        this.#streams.delete(id)
        done(error)
      },
    })
    // A client that goes away is no error of ours.
    stream.on("error", () => {})
    return stream
  }

  #send(frame: Buffer): void {
    if (this.#connection.writable) this.#connection.write(frame)
  }

  #end(): void {
    for (const stream of this.#streams.values()) stream.destroy()
    this.#streams.clear()
    this.#codec.close()
    this.#connection.destroy()
  }
}
