import type { IncomingMessage } from "node:http"
import { connect, type Socket } from "node:net"
import { Duplex } from "node:stream"
import type { NetNamespace } from "../../../kernel/kernel.ts"
import { connectInNamespace } from "../connect-in-namespace.ts"
import { acceptSpdy } from "./remote-streams.ts"
import { SpdySession } from "./spdy-session.ts"
import { acceptWebSocket, offersWebSocket, type WebSocket } from "./websocket.ts"

const protocol = "portforward.k8s.io"
/** kubectl from 1.31 on carries SPDY inside WebSocket messages. */
const tunnelled = `SPDY/3.1+${protocol}`

/** Forwards connections of the client to ports inside `namespace`. False when the request asks for something else. */
export async function forwardPorts(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  namespace: NetNamespace | undefined,
): Promise<boolean> {
  let connection = socket
  let first = head
  if (offersWebSocket(request)) {
    const webSocket = acceptWebSocket(request, socket, head, [tunnelled])
    if (!webSocket) return false
    connection = asDuplex(webSocket)
    first = Buffer.alloc(0)
  } else if (!acceptSpdy(request, socket, [protocol])) return false
  const errors = new Map<string, Duplex>()
  const session = new SpdySession(connection, first, (stream, headers) => {
    const id = headers.get("requestid") ?? ""
    // The client opens an error and a data stream for every connection, in this order.
    if (headers.get("streamtype") === "error") {
      errors.set(id, stream)
      stream.once("close", () => errors.delete(id))
      return
    }
    const port = Number(headers.get("port"))
    join(stream, errors.get(id), port, namespace)
  })
  await session.closed
  return true
}

function join(
  stream: Duplex,
  errors: Duplex | undefined,
  port: number,
  namespace: NetNamespace | undefined,
): void {
  const inside: Socket = namespace
    ? connectInNamespace(namespace, { address: "127.0.0.1", port })
    : connect(port, "127.0.0.1")
  inside.on("error", (error) => {
    errors?.end(`failed to connect to port ${port} inside the pod: ${error.message}`)
    stream.end()
  })
  inside.on("close", () => {
    if (errors?.writable) errors.end()
    stream.end()
  })
  stream.on("close", () => inside.destroy())
  stream.pipe(inside)
  inside.pipe(stream)
}

/** The bytes inside a WebSocket's binary messages as one stream. */
function asDuplex(webSocket: WebSocket): Duplex {
  const duplex = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _, done) => {
      webSocket.send(chunk)
      done()
    },
    final: (done) => {
      webSocket.close()
      done()
    },
  })
  void (async () => {
    for await (const message of webSocket.messages()) duplex.push(message)
    duplex.push(null)
  })()
  return duplex
}
