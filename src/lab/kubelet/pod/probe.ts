import { request } from "node:http"
import type { Socket } from "node:net"
import type { Container, Probe } from "../../loops/pod.ts"

/** How a probe reaches a container: undefined where nothing is wired and nothing can be asked. */
export interface ProbeTarget {
  /** Opens a TCP connection, from where the kubelet sits. */
  connect(address: string, port: number): Socket | undefined
  /** Exit code of a command run in the container; undefined when the lab has no such command. */
  exec(command: readonly string[]): Promise<number | undefined>
  /** Where the container listens when the probe names no host. */
  address: string
}

/** Runs one probe. Returns what went wrong in kubelet's words, or undefined when all is well. */
export async function runProbe(
  probe: Probe,
  container: Container,
  target: ProbeTarget,
): Promise<string | undefined> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  try {
    if (probe.exec) {
      const code = await target.exec(probe.exec.command)
      return code === undefined || code === 0 ? undefined : `command exited with ${code}`
    }
    const endpoint = probe.httpGet ?? probe.tcpSocket
    if (!endpoint) return undefined
    const port = portOf(endpoint.port, container)
    const socket = target.connect(endpoint.host ?? target.address, port)
    if (!socket) return undefined
    // A refusal may come before the request listens to its socket.
    socket.on("error", () => {})
    return probe.httpGet
      ? await httpGet(socket, probe.httpGet.path ?? "/", timeoutMs)
      : await connected(socket, timeoutMs)
  } catch (error) {
    return (error as Error).message
  }
}

const portOf = (port: number | string, container: Container): number =>
  typeof port === "number"
    ? port
    : (container.ports?.find((p) => p.name === port)?.containerPort ?? Number(port))

function httpGet(socket: Socket, path: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        path,
        createConnection: () => socket,
        timeout: timeoutMs,
        headers: { host: "probe", connection: "close", "user-agent": "kube-probe/1.35" },
      },
      (response) => {
        response.resume()
        const code = response.statusCode ?? 0
        resolve(
          code >= 200 && code < 400 ? undefined : `HTTP probe failed with statuscode: ${code}`,
        )
        response.on("error", () => {})
      },
    )
    call.on("timeout", () =>
      call.destroy(new Error(`no answer from ${path} within ${timeoutMs} ms`)),
    )
    call.on("error", reject)
    call.end()
  })
}

function connected(socket: Socket, timeoutMs: number): Promise<undefined> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error("dial timeout")))
    socket.once("connect", () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once("error", reject)
  })
}
