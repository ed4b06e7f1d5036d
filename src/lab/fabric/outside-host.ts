import { createServer, type Server } from "node:http"
import type { Kernel, NetNamespace } from "../../kernel/kernel.ts"
import { listenInNamespace } from "../sandbox/namespace-socket.ts"
import { mainTable } from "./plan-interface.ts"

export interface OutsideHostOptions {
  readonly kernel: Kernel
  readonly fabric: NetNamespace
  /** Name of its link in the fabric. */
  readonly link: string
  /** Where its namespace is bound. */
  readonly path: string
  readonly address: string
  /** The fabric's address on the link, its only way out. */
  readonly router: string
  /** How a packet with this source address has left the VPC: "nat-gateway nat-0abc". */
  readonly via: (source: string) => string
}

/** What a host outside the VPC answers to any HTTP request. */
export interface Whoami {
  readonly sourceAddress: string
  readonly via: string
}

/** Packets that leave through an internet gateway fit 1500 bytes ("MTU", EC2 user guide). */
const outsideMtu = 1500
const hostMac = "02:00:00:00:00:01"
const routerMac = "02:00:00:00:00:fe"

/** A host outside the VPC, in a namespace of its own: answers ping, and HTTP on port 80 with whom it sees. */
export async function startOutsideHost(options: OutsideHostOptions): Promise<AsyncDisposable> {
  const { kernel, fabric, link, address, router } = options
  await using undo = new AsyncDisposableStack()
  const namespace = kernel.create(options.path)
  undo.defer(() => kernel.remove(options.path))
  undo.defer(() => namespace[Symbol.dispose]())
  fabric.apply([
    {
      do: "addVeth",
      name: link,
      mac: routerMac,
      mtu: outsideMtu,
      up: true,
      peer: { name: "eth0", mac: hostMac, in: namespace },
    },
    { do: "putNeighbour", neighbour: { link, address, mac: hostMac } },
  ])
  undo.defer(() => fabric.removeLinks([link]))
  namespace.apply([
    { do: "setLink", name: "eth0", up: true },
    { do: "putAddress", link: "eth0", address: `${address}/24` },
    { do: "putNeighbour", neighbour: { link: "eth0", address: router, mac: routerMac } },
    { do: "putRoute", route: { to: "0.0.0.0/0", via: router, link: "eth0", table: mainTable } },
  ])
  const server = whoamiServer(options.via)
  await listenInNamespace(server, namespace, { address, port: 80 })
  undo.defer(() => closed(server))
  return undo.move()
}

function whoamiServer(via: (source: string) => string): Server {
  const server = createServer((request, response) => {
    const sourceAddress = request.socket.remoteAddress ?? ""
    const answer: Whoami = { sourceAddress, via: via(sourceAddress) }
    request.resume()
    response.writeHead(200, { "content-type": "application/json", connection: "close" })
    response.end(`${JSON.stringify(answer)}\n`)
  })
  server.maxConnections = 256
  return server
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((done) => server.close(() => done()))
}
