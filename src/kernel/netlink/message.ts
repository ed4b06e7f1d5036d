import { messageFlag } from "./constants.ts"

const headerLength = 16
const attributeHeader = 4
/** Attribute type bits 14 and 15 say "nested" and "network byte order". */
const typeMask = 0x3fff
const aligned = (length: number) => (length + 3) & ~3
const shared = Buffer.allocUnsafeSlow(512)

/**
 * Writes one netlink message: header, fixed body, attributes. Numbers are in the machine's byte order, which is little
 * endian on every platform that Berth ships for. A message of Berth's is under 400 bytes. All are written into one
 * buffer, so a message must be sent, or copied, before the next one is begun: buffers of their own would cost more
 * than the messages, and live on in the heap after a burst.
 */
export class MessageWriter {
  #buffer = shared.fill(0)
  #length = headerLength

  constructor(type: number, flags: number) {
    this.#buffer.writeUInt16LE(type, 4)
    this.#buffer.writeUInt16LE(flags | messageFlag.request, 6)
  }

  u8(...values: number[]): this {
    this.#reserve(values.length)
    for (const value of values) this.#length = this.#buffer.writeUInt8(value, this.#length)
    return this
  }

  u16(value: number): this {
    this.#reserve(2)
    this.#length = this.#buffer.writeUInt16LE(value, this.#length)
    return this
  }

  u32(...values: number[]): this {
    this.#reserve(4 * values.length)
    for (const value of values) this.#length = this.#buffer.writeUInt32LE(value >>> 0, this.#length)
    return this
  }

  attribute(type: number, payload: Buffer): this {
    const length = attributeHeader + payload.length
    this.#reserve(aligned(length))
    this.#buffer.writeUInt16LE(length, this.#length)
    this.#buffer.writeUInt16LE(type, this.#length + 2)
    payload.copy(this.#buffer, this.#length + attributeHeader)
    this.#length += aligned(length)
    return this
  }

  attributeU32(type: number, value: number): this {
    return this.u16(attributeHeader + 4)
      .u16(type)
      .u32(value)
  }

  /** A text with its closing zero, as the kernel wants names. */
  attributeText(type: number, text: string): this {
    return this.attribute(type, Buffer.from(`${text}\0`))
  }

  nested(type: number, write: () => void): this {
    this.#reserve(attributeHeader)
    const start = this.#length
    this.#buffer.writeUInt16LE(type, start + 2)
    this.#length += attributeHeader
    write()
    this.#buffer.writeUInt16LE(this.#length - start, start)
    return this
  }

  /** The message; `sequence` lets the answer be told from others. */
  finish(sequence = 0): Buffer {
    this.#buffer.writeUInt32LE(this.#length, 0)
    this.#buffer.writeUInt32LE(sequence, 8)
    return this.#buffer.subarray(0, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const larger = Buffer.alloc(2 * (this.#buffer.length + more))
    this.#buffer.copy(larger)
    this.#buffer = larger
  }
}

export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly body: Buffer
}

/** The messages of one datagram. A length that does not fit ends the reading: the kernel never sends one. */
export function* readMessages(datagram: Buffer): Generator<Message> {
  let offset = 0
  while (offset + headerLength <= datagram.length) {
    const length = datagram.readUInt32LE(offset)
    if (length < headerLength || offset + length > datagram.length) return
    yield {
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      body: datagram.subarray(offset + headerLength, offset + length),
    }
    offset += aligned(length)
  }
}

/** The attributes in `data` by type; of a repeated one the last counts, as in the kernel's own parser. */
export function readAttributes(data: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>()
  let offset = 0
  while (offset + attributeHeader <= data.length) {
    const length = data.readUInt16LE(offset)
    if (length < attributeHeader || offset + length > data.length) break
    attributes.set(
      data.readUInt16LE(offset + 2) & typeMask,
      data.subarray(offset + attributeHeader, offset + length),
    )
    offset += aligned(length)
  }
  return attributes
}

/** A text attribute without its closing zero. */
export function textOf(payload: Buffer): string {
  const end = payload.indexOf(0)
  return payload.toString("utf8", 0, end < 0 ? payload.length : end)
}
