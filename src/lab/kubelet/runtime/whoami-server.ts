import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { LabPod } from "../../loops/pod.ts"
import type { ContainerLog } from "./container-log.ts"

/** What a stand-in application answers: who it is, and whom it sees. */
export interface WhoamiAnswer {
  pod: string
  namespace: string
  node: string
  address: string
  /** Source address of the request. */
  client: string
  path: string
}

/**
 * The program of every image that is not Berth's: answers each request with who it is and which source address it
 * sees, as JSON, and writes an access log. One process serves all pods of the lab, each from its own namespace.
 */
export function whoamiServer(pod: LabPod, address: string, log: ContainerLog): Server {
  const server = createServer((request, response) => {
    const client = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "")
    const status = answer(pod, address, client, { request, response })
    log.write("stdout", `${client} "${request.method} ${request.url}" ${status}`)
  })
  // Forgotten keep-alive connections must not keep a deleted pod's server alive.
  server.keepAliveTimeout = 1000
  server.maxConnections = 256
  return server
}

function answer(
  pod: LabPod,
  address: string,
  client: string,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): number {
  const body: WhoamiAnswer = {
    pod: pod.metadata.name,
    namespace: pod.metadata.namespace ?? "default",
    node: pod.spec.nodeName ?? "",
    address,
    client,
    path: request.url ?? "/",
  }
  request.resume()
  response.writeHead(200, { "content-type": "application/json" })
  response.end(`${JSON.stringify(body)}\n`)
  return 200
}
