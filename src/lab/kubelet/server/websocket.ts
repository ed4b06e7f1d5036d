import { createHash } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"

/** RFC 6455, the server's side, as far as Kubernetes' channel protocols need it. */
export interface WebSocket {
  readonly protocol: string
  /** Binary messages. Ends when the connection does. */
  messages(): AsyncGenerator<Buffer>
  send(message: Buffer): void
  close(): void
}

const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
const messageMax = 1 << 20

export const offersWebSocket = (request: IncomingMessage): boolean =>
  /websocket/i.test(request.headers.upgrade ?? "")

/** Answers the handshake with the first of `protocols` that the client offers; undefined when there is none. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocols: readonly string[],
): WebSocket | undefined {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((p) => p.trim())
  const protocol = protocols.find((p) => offered.includes(p))
  if (protocol === undefined) return undefined
  const key = request.headers["sec-websocket-key"] ?? ""
  const accept = createHash("sha1")
    .update(key + magic)
    .digest("base64")
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  )
  if (head.length > 0) socket.unshift(head)
  const send = (code: number, data: Buffer) => {
    if (socket.writable) socket.write(frame(code, data))
  }
  return {
    protocol,
    messages: () => messages(socket, send),
    send: (message) => send(opcode.binary, message),
    close: () => {
      const normal = Buffer.of(0x03, 0xe8)
      send(opcode.close, normal)
      socket.end()
    },
  }
}

/** Servers do not mask. */
function frame(code: number, data: Buffer): Buffer {
  const { length } = data
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = 0x80 | code
  if (length < 126) header[1] = length
  else if (length < 65_536) {
    header[1] = 126
    header.writeUInt16BE(length, 2)
  } else {
    header[1] = 127
    header.writeBigUInt64BE(BigInt(length), 2)
  }
  return Buffer.concat([header, data])
}

async function* messages(
  socket: Duplex,
  send: (code: number, data: Buffer) => void,
): AsyncGenerator<Buffer> {
  let buffer: Buffer = Buffer.alloc(0)
  let parts: Buffer[] = []
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      buffer = Buffer.concat([buffer, chunk])
      for (let next = takeFrame(buffer); next; next = takeFrame(buffer)) {
        buffer = next.rest
        if (next.code === opcode.close) return
        if (next.code === opcode.ping) send(opcode.pong, next.data)
        if (next.code > opcode.binary) continue
        parts.push(next.data)
        if (!next.final) continue
        yield Buffer.concat(parts)
        parts = []
      }
    }
  } catch {
    // The client went away without a close frame.
  }
}

interface TakenFrame {
  code: number
  final: boolean
  data: Buffer
  rest: Buffer
}

function takeFrame(buffer: Buffer): TakenFrame | undefined {
  if (buffer.length < 2) return undefined
  const [first = 0, second = 0] = buffer
  const short = second & 0x7f
  const lengthSize = short === 126 ? 2 : short === 127 ? 8 : 0
  const maskSize = second & 0x80 ? 4 : 0
  const start = 2 + lengthSize + maskSize
  if (buffer.length < start) return undefined
  const length =
    lengthSize === 0
      ? short
      : lengthSize === 2
        ? buffer.readUInt16BE(2)
        : Number(buffer.readBigUInt64BE(2))
  if (length > messageMax) throw new Error(`WebSocket frame of ${length} bytes`)
  if (buffer.length < start + length) return undefined
  const data = Buffer.from(buffer.subarray(start, start + length))
  if (maskSize > 0) {
    const mask = buffer.subarray(start - 4, start)
    for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) ^ (mask[i % 4] ?? 0)
  }
  return {
    code: first & 0x0f,
    final: (first & 0x80) !== 0,
    data,
    rest: buffer.subarray(start + length),
  }
}
