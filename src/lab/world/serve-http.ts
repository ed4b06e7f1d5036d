import { once } from "node:events"
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type ListenOptions,
} from "node:net"
import type { Duplex } from "node:stream"
import type { Certificate } from "../../tls/certificate.ts"

export interface HttpService {
  handler: RequestListener
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

export interface Listening extends AsyncDisposable {
  /** 0 for a unix socket. */
  readonly port: number
}

/** Serves HTTP(S) at one door: a TCP address inside the lab, or a unix socket that the launcher relays to. */
export async function serveHttp(
  service: HttpService,
  at: ListenOptions,
  tls?: Certificate,
): Promise<Listening> {
  const options = { keepAliveTimeout: 60_000 }
  const server = tls
    ? createTlsServer({ ...options, ...tls }, service.handler)
    : createServer(options, service.handler)
  if (service.upgrade) server.on("upgrade", service.upgrade)
  server.listen(at)
  await once(server, "listening")
  return { port: portOf(server), [Symbol.asyncDispose]: () => closeServer(server) }
}

/** Carries the bytes of a unix socket to a TCP server of the lab. */
export async function relayToTcp(path: string, host: string, port: number): Promise<Listening> {
  const server = createTcpServer({ allowHalfOpen: true }, (client) => {
    const inside = connect({ host, port, allowHalfOpen: true })
    for (const [from, to] of [
      [client, inside],
      [inside, client],
    ] as const) {
      from.on("error", () => to.destroy())
      from.on("close", () => from.readableEnded || to.destroy())
      from.pipe(to)
    }
  })
  server.listen(path)
  await once(server, "listening")
  return {
    port: 0,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()))
  server.closeAllConnections()
  await closed
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port ?? 0
