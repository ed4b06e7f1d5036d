import { connect, createServer, type Server, type Socket } from "node:net"
import { fail } from "../../errors/catalogue.ts"

export interface Relay extends AsyncDisposable {
  /** The port on 127.0.0.1; chosen by the system when 0 was asked for. */
  readonly port: number
  close(): Promise<void>
}

export interface RelayOptions {
  readonly port: number
  /** Path of the unix socket in the lab's state folder. */
  readonly socket: string
  /** For the message when the port is taken: "the Kubernetes API". */
  readonly what: string
  /** Further connections wait in the kernel's queue, then are refused. */
  readonly maxConnections?: number
}

/**
 * Carries bytes between a TCP port of this machine and a unix socket of the world, which has no network in common with
 * it. Each side's end of stream is passed on alone, so that `kubectl exec` with a closed stdin still gets its output.
 */
export function openRelay(options: RelayOptions): Promise<Relay> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const world = connect({ path: options.socket, allowHalfOpen: true })
    // A failure must not look like a clean end of stream: the client is reset.
    join(world, client, () => client.resetAndDestroy())
    join(client, world, () => world.destroy())
    for (const socket of [client, world]) {
      open.add(socket)
      socket.on("close", () => open.delete(socket))
    }
  })
  server.maxConnections = options.maxConnections ?? 4096
  const close = async () => {
    const closed = new Promise<void>((done) => server.close(() => done()))
    for (const socket of open) socket.destroy()
    await closed
  }
  return listening(server, options).then((port) => ({ port, close, [Symbol.asyncDispose]: close }))
}

/** Passes on what comes from `from`, its end, and its failure. */
function join(from: Socket, to: Socket, abort: () => void): void {
  from.pipe(to)
  from.on("error", abort)
  from.on("close", () => {
    if (!from.readableEnded) abort()
  })
}

function listening(server: Server, { port, what }: RelayOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? fail("lab/port-in-use", { port, what }, error) : error),
    )
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : port)
    })
  })
}
