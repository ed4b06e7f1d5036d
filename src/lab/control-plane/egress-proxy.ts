import { once } from "node:events"
import { createServer } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { listenUnix } from "../../http/listen-unix.ts"

/** Opens a connection to an address of the cluster: a node's, or a service's. */
export type ConnectCluster = (host: string, port: number) => Promise<Socket>

/**
 * The HTTP CONNECT proxy by which kube-apiserver reaches webhooks and kubelets: no kube-proxy runs here that would
 * lead it to the address of a service.
 */
export async function serveEgress(path: string, connect: ConnectCluster): Promise<AsyncDisposable> {
  const open = new Set<Duplex>()
  const server = createServer()
  server.on("connect", (request, client: Duplex, head: Buffer) => {
    open.add(client)
    client.once("close", () => open.delete(client))
    client.on("error", () => {})
    const [host = "", port = ""] = (request.url ?? "").split(/:(?=\d+$)/)
    void relay(client, head, connect(host, Number(port)))
  })
  await listenUnix(server, path)
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close")
      server.close()
      for (const client of open) client.destroy()
      await closed
    },
  }
}

async function relay(client: Duplex, head: Buffer, connecting: Promise<Socket>): Promise<void> {
  try {
    const target = await connecting
    target.on("error", () => client.destroy())
    target.on("close", () => client.destroy())
    client.on("close", () => target.destroy())
    client.write("HTTP/1.1 200 OK\r\n\r\n")
    target.write(head)
    target.pipe(client).pipe(target)
  } catch (error) {
    client.end(`HTTP/1.1 502 Bad Gateway\r\n\r\n${(error as Error).message}\n`)
  }
}

/** What --egress-selector-config-file takes (apiserver.k8s.io/v1beta1), as JSON, which is YAML too. */
export const egressSelection = (path: string): string =>
  JSON.stringify({
    apiVersion: "apiserver.k8s.io/v1beta1",
    kind: "EgressSelectorConfiguration",
    egressSelections: [
      {
        name: "cluster",
        connection: { proxyProtocol: "HTTPConnect", transport: { uds: { udsName: path } } },
      },
    ],
  })
