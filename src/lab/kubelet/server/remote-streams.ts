import type { IncomingMessage } from "node:http"
import { Duplex, PassThrough, type Readable, type Writable } from "node:stream"
import { SpdySession } from "./spdy-session.ts"
import { acceptWebSocket, offersWebSocket, type WebSocket } from "./websocket.ts"

/** What the query of an exec or attach request asks for. */
export interface WantedStreams {
  stdin: boolean
  stdout: boolean
  stderr: boolean
  tty: boolean
}

/** The streams of one remote command, whichever protocol carries them. */
export interface RemoteStreams {
  stdin: Readable | undefined
  stdout: Writable | undefined
  /** Absent with a terminal, which has one output. */
  stderr: Writable | undefined
  tty: boolean
  /** Resolves when the client is gone. */
  closed: Promise<void>
  /** Says how the command ended (a metav1.Status) and closes. */
  finish(status: object): Promise<void>
}

const webSocketProtocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"] as const
const spdyProtocols = ["v4.channel.k8s.io"] as const
/** Streams that a SPDY client announces but never opens are not waited for longer. */
const openMs = 30_000

/**
 * Accepts an upgrade to one of Kubernetes' remote command protocols: channels over WebSocket (kubectl from 1.30 on) or
 * SPDY streams (before, and from an API server that translates). Undefined when the request is neither; the caller
 * answers then.
 */
export async function acceptRemote(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  wanted: WantedStreams,
): Promise<RemoteStreams | undefined> {
  if (offersWebSocket(request)) {
    const webSocket = acceptWebSocket(request, socket, head, webSocketProtocols)
    return webSocket && overWebSocket(webSocket, wanted)
  }
  if (!acceptSpdy(request, socket, spdyProtocols)) return undefined
  return await overSpdy(socket, head, wanted)
}

/** Answers a SPDY handshake with the first of `protocols` that the client offers. False when there is none. */
export function acceptSpdy(
  request: IncomingMessage,
  socket: Duplex,
  protocols: readonly string[],
): boolean {
  if (!/spdy\/3\.1/i.test(request.headers.upgrade ?? "")) return false
  const header = request.headers["x-stream-protocol-version"] ?? ""
  const offered = (Array.isArray(header) ? header : [header]).flatMap((h) =>
    h.split(",").map((p) => p.trim()),
  )
  const protocol = protocols.find((p) => offered.includes(p))
  if (protocol === undefined) return false
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n" +
      `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  return true
}

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const

function overWebSocket(webSocket: WebSocket, wanted: WantedStreams): RemoteStreams {
  const stdin = new PassThrough()
  const send = (number: number, data: Buffer | string) =>
    webSocket.send(Buffer.concat([Buffer.of(number), Buffer.from(data)]))
  const output = (number: number) =>
    new Duplex({
      read: () => {},
      write: (chunk: Buffer, _, done) => {
        send(number, chunk)
        done()
      },
    })
  const closed = (async () => {
    for await (const message of webSocket.messages()) {
      if (message[0] === channel.stdin) stdin.write(message.subarray(1))
      // v5: the client closes one channel and goes on reading the others.
      if (message[0] === channel.close && message[1] === channel.stdin) stdin.end()
    }
    stdin.end()
  })()
  // An empty message tells the client that the other side is there, as kubelet does.
  send(channel.stdout, "")
  return {
    stdin: wanted.stdin ? stdin : undefined,
    stdout: wanted.stdout ? output(channel.stdout) : undefined,
    stderr: wanted.stderr && !wanted.tty ? output(channel.stderr) : undefined,
    tty: wanted.tty,
    closed,
    async finish(status) {
      send(channel.error, JSON.stringify(status))
      webSocket.close()
    },
  }
}

async function overSpdy(
  socket: Duplex,
  head: Buffer,
  wanted: WantedStreams,
): Promise<RemoteStreams | undefined> {
  const streams = new Map<string, Duplex>()
  const expected = [
    "error",
    ...(wanted.stdin ? ["stdin"] : []),
    ...(wanted.stdout ? ["stdout"] : []),
  ]
  if (wanted.stderr && !wanted.tty) expected.push("stderr")
  const complete = Promise.withResolvers<void>()
  const session = new SpdySession(socket, head, (stream, headers) => {
    streams.set(headers.get("streamtype") ?? "", stream)
    if (expected.every((name) => streams.has(name))) complete.resolve()
  })
  const timer = setTimeout(() => session.end(), openMs)
  await Promise.race([complete.promise, session.closed])
  clearTimeout(timer)
  const error = streams.get("error")
  if (!error) return undefined
  return {
    stdin: streams.get("stdin"),
    stdout: streams.get("stdout"),
    stderr: streams.get("stderr"),
    tty: wanted.tty,
    closed: session.closed,
    async finish(status) {
      error.end(JSON.stringify(status))
      for (const name of ["stdout", "stderr"]) streams.get(name)?.end()
      // The client closes when it has read the status; one that does not is not waited for.
      const patience = setTimeout(() => session.end(), 1000)
      await session.closed
      clearTimeout(patience)
    },
  }
}
