import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib"
import { spdyDictionary } from "./spdy-dictionary.ts"

/** Frame types and flags of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00). */
export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const

const version = 3
export const flagFin = 1
const headerSize = 8
/** kubectl sends chunks of 32 KiB; a larger frame than this is no kubectl's. */
const frameMax = 1 << 20

export type Frame =
  | { control: false; stream: number; fin: boolean; data: Buffer }
  | { control: true; type: number; flags: number; data: Buffer }

/** Takes whole frames off the front of `buffer`; throws when the bytes are not SPDY/3. */
export function takeFrame(buffer: Buffer): { frame: Frame; rest: Buffer } | undefined {
  if (buffer.length < headerSize) return undefined
  const word = buffer.readUInt32BE(0)
  const flags = buffer.readUInt8(4)
  const length = buffer.readUIntBE(5, 3)
  if (length > frameMax) throw new Error(`SPDY frame of ${length} bytes`)
  if (buffer.length < headerSize + length) return undefined
  const data = buffer.subarray(headerSize, headerSize + length)
  const rest = buffer.subarray(headerSize + length)
  if (word >>> 31 === 0)
    return { frame: { control: false, stream: word, fin: (flags & flagFin) !== 0, data }, rest }
  if (((word >>> 16) & 0x7fff) !== version) throw new Error("not SPDY/3")
  return { frame: { control: true, type: word & 0xffff, flags, data }, rest }
}

export function controlFrame(type: number, flags: number, data: Buffer): Buffer {
  const header = Buffer.alloc(headerSize)
  header.writeUInt32BE((0x80000000 | (version << 16) | type) >>> 0, 0)
  header.writeUInt32BE(((flags << 24) | data.length) >>> 0, 4)
  return Buffer.concat([header, data])
}

export function dataFrame(stream: number, data: Buffer, fin: boolean): Buffer {
  const header = Buffer.alloc(headerSize)
  header.writeUInt32BE(stream, 0)
  header.writeUInt32BE((((fin ? flagFin : 0) << 24) | data.length) >>> 0, 4)
  return Buffer.concat([header, data])
}

/** Header blocks of one connection: each direction is a single zlib stream, flushed after every block. */
export class HeaderCodec {
  readonly #inflate = createInflate({ dictionary: spdyDictionary })
  readonly #deflate = createDeflate({
    dictionary: spdyDictionary,
    flush: constants.Z_SYNC_FLUSH,
  })

  async decode(block: Buffer): Promise<Map<string, string>> {
    const bytes = await through(this.#inflate, block)
    const headers = new Map<string, string>()
    let at = 4
    const text = () => {
      const length = bytes.readUInt32BE(at)
      at += 4 + length
      return bytes.toString("utf8", at - length, at)
    }
    for (let left = bytes.readUInt32BE(0); left > 0; left--) headers.set(text(), text())
    return headers
  }

  async encode(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    const number = (n: number) => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(n)
      return bytes
    }
    const text = (s: string) => [number(Buffer.byteLength(s)), Buffer.from(s)]
    const pairs = [...headers].flatMap(([k, v]) => [...text(k), ...text(v)])
    return await through(this.#deflate, Buffer.concat([number(headers.size), ...pairs]))
  }

  close(): void {
    this.#inflate.close()
    this.#deflate.close()
  }
}

/** What the zlib stream makes of one block: all of it has come out when the write's callback runs. */
function through(stream: Inflate | Deflate, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const collect = (chunk: Buffer) => chunks.push(chunk)
    stream.on("data", collect)
    stream.once("error", reject)
    stream.write(block, () => {
      stream.off("data", collect)
      stream.off("error", reject)
      resolve(Buffer.concat(chunks))
    })
  })
}
