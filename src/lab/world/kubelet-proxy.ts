import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import type { Kube } from "../../kube/kube.ts"
import type { KubeletServer } from "../kubelet/server/kubelet-server.ts"
import { type LabPod, labPods } from "../loops/pod.ts"
import type { HttpService } from "./serve-http.ts"

export interface KubeletProxyOptions {
  kube: Kube
  /** The kubelet of a node; undefined when the node does not run. */
  kubelet: (node: string) => KubeletServer | undefined
  /** Serves every other request. */
  next: HttpService
}

const subresource = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/(log|exec|attach|portforward)$/

interface Refusal {
  status: number
  reason: string
  message: string
}

/** What an API server hands on to kubelets: the log, exec, attach and portforward subresources of pods. */
export function kubeletProxy({ kube, kubelet, next }: KubeletProxyOptions): HttpService {
  const route = async (request: IncomingMessage): Promise<KubeletServer | Refusal | undefined> => {
    const url = new URL(request.url ?? "/", "http://api")
    const [, namespace = "", name = "", verb = ""] = subresource.exec(url.pathname) ?? []
    if (verb === "") return undefined
    const pod = await kube.get(labPods, decodeURIComponent(name), namespace)
    if (!pod) return { status: 404, reason: "NotFound", message: `pods "${name}" not found` }
    const server = kubelet(pod.spec.nodeName ?? "")
    if (!server)
      return badRequest(
        `pod ${name} is not on a node that runs (${pod.spec.nodeName ?? "unbound"})`,
      )
    const container = verb === "portforward" ? "" : containerOf(pod, url.searchParams)
    if (typeof container !== "string") return container
    request.url = kubeletPath(verb, `${namespace}/${name}`, container, url.searchParams)
    return server
  }
  return {
    handler(request, response) {
      route(request).then(
        (to) => {
          if (to === undefined) next.handler(request, response)
          else if ("status" in to) refuse(response, to)
          else to.handler(request, response)
        },
        (error: Error) =>
          refuse(response, { status: 500, reason: "InternalError", message: error.message }),
      )
    },
    upgrade(request, socket, head) {
      route(request).then(
        (to) => {
          if (to === undefined) next.upgrade?.(request, socket, head)
          else if ("status" in to) refuseUpgrade(socket, to)
          else to.upgrade(request, socket, head)
        },
        () => socket.destroy(),
      )
    },
  }
}

const badRequest = (message: string): Refusal => ({ status: 400, reason: "BadRequest", message })

function containerOf(pod: LabPod, query: URLSearchParams): string | Refusal {
  const names = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((c) => c.name)
  const { name } = pod.metadata
  const asked = query.get("container")
  if (asked && !names.includes(asked))
    return badRequest(`container ${asked} is not valid for pod ${name}`)
  if (asked) return asked
  if (names.length === 1) return names[0] ?? ""
  return badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${names.join(" ")}]`,
  )
}

/** Kubelets name some parameters otherwise than the API does. */
const renamed: Readonly<Record<string, string>> = {
  stdin: "input",
  stdout: "output",
  stderr: "error",
}
const verbs: Readonly<Record<string, string>> = { log: "containerLogs", portforward: "portForward" }

function kubeletPath(verb: string, pod: string, container: string, query: URLSearchParams): string {
  const parameters = [...query]
    .filter(([name]) => name !== "container")
    .map(([name, value]): [string, string] => [
      verb === "exec" || verb === "attach" ? (renamed[name] ?? name) : name,
      value,
    ])
  const path = [verbs[verb] ?? verb, pod, ...(container ? [container] : [])].join("/")
  return `/${path}?${new URLSearchParams(parameters)}`
}

const statusObject = ({ status, reason, message }: Refusal): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code: status,
  })

function refuse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(refusal.status, { "content-type": "application/json" })
  response.end(statusObject(refusal))
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = statusObject(refusal)
  socket.end(
    `HTTP/1.1 ${refusal.status} ${refusal.reason}\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
