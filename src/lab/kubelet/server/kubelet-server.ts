import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import type { NetNamespace } from "../../../kernel/kernel.ts"
import type { ContainerEntry, PodRuntime } from "../pod/pod-runtime.ts"
import { formatLine } from "../runtime/container-log.ts"
import { sendLogs } from "./container-logs.ts"
import { finishAttach, runRemote } from "./exec.ts"
import { forwardPorts } from "./port-forward.ts"
import { acceptRemote, type RemoteStreams } from "./remote-streams.ts"

/** A kubelet's HTTP API, as far as `kubectl logs`, `exec`, `attach` and `port-forward` use it. */
export interface KubeletServer {
  handler(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface KubeletServerOptions {
  runtimes: ReadonlyMap<string, PodRuntime>
  /** The node's; undefined where nothing is wired. */
  namespace: NetNamespace | undefined
}

interface Target {
  verb: string
  runtime: PodRuntime
  entry: ContainerEntry | undefined
  query: URLSearchParams
}

export function kubeletServer(options: KubeletServerOptions): KubeletServer {
  return {
    handler(request, response) {
      const { pathname } = new URL(request.url ?? "/", "http://kubelet")
      if (pathname === "/healthz") return void response.end("ok")
      if (pathname === "/pods") {
        const items = [...options.runtimes.values()].map((r) => r.pod)
        return void sendJson(response, { apiVersion: "v1", kind: "PodList", items })
      }
      const target = targetOf(options, request)
      if (target?.verb !== "containerLogs")
        return void response.writeHead(404).end("404 page not found\n")
      if (!target.entry) return void response.writeHead(404).end("container not found\n")
      sendLogs(target.entry, target.query, request, response)
    },
    upgrade(request, socket, head) {
      socket.on("error", () => {})
      serveUpgrade(options, request, socket, head).catch(() => socket.destroy())
    },
  }
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" })
  response.end(JSON.stringify(body))
}

/** `/VERB/NAMESPACE/POD[/CONTAINER]`; the uid that some clients put before the container is not used. */
function targetOf(
  { runtimes }: KubeletServerOptions,
  request: IncomingMessage,
): Target | undefined {
  const url = new URL(request.url ?? "/", "http://kubelet")
  const [verb = "", namespace, pod, ...rest] = url.pathname
    .split("/")
    .filter(Boolean)
    .map(decodeURIComponent)
  const runtime = [...runtimes.values()].find(
    ({ pod: p }) => p.metadata.namespace === namespace && p.metadata.name === pod,
  )
  if (!runtime) return undefined
  const container = rest.at(-1)
  const entry = container === undefined ? undefined : runtime.containers.get(container)
  return { verb, runtime, entry, query: url.searchParams }
}

async function serveUpgrade(
  options: KubeletServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const target = targetOf(options, request)
  if (!target) return refuse(socket, 404, "pod not found")
  const { verb, runtime, entry, query } = target
  const namespace = runtime.pod.spec.hostNetwork ? options.namespace : runtime.sandbox?.namespace
  if (verb === "portForward") {
    const served = await forwardPorts(request, socket, head, namespace)
    if (!served) refuse(socket, 400, "unsupported protocol")
    return
  }
  if (verb !== "exec" && verb !== "attach") return refuse(socket, 404, "not found")
  if (!entry?.running) return refuse(socket, 404, "container not found or not running")
  const flag = (...names: string[]) => names.some((n) => /^(1|true)$/.test(query.get(n) ?? ""))
  const streams = await acceptRemote(request, socket, head, {
    stdin: flag("input", "stdin"),
    stdout: flag("output", "stdout"),
    stderr: flag("error", "stderr"),
    tty: flag("tty"),
  })
  if (!streams) return refuse(socket, 400, "unsupported protocol")
  if (verb === "exec") await runRemote(query.getAll("command"), namespace, streams)
  else await attach(entry, streams)
}

/** Shows what the container says from now on. Its input, if any, is read and dropped: nothing here asks for it. */
async function attach(entry: ContainerEntry, streams: RemoteStreams): Promise<void> {
  streams.stdin?.resume()
  const over = Promise.withResolvers<void>()
  const stop = entry.log?.follow((line) => {
    if (line === "") over.resolve()
    else streams.stdout?.write(formatLine(line))
  })
  await Promise.race([over.promise, streams.closed])
  stop?.()
  await finishAttach(streams)
}

function refuse(socket: Duplex, status: number, why: string): void {
  socket.end(
    `HTTP/1.1 ${status} ${status === 404 ? "Not Found" : "Bad Request"}\r\nConnection: close\r\n` +
      `Content-Type: text/plain\r\nContent-Length: ${why.length}\r\n\r\n${why}`,
  )
}
