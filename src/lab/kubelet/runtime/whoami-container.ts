import { randomBytes } from "node:crypto"
import type { Server } from "node:http"
import type { Clock } from "../../../clock.ts"
import type { NetNamespace } from "../../../kernel/kernel.ts"
import type { Container, LabPod } from "../../loops/pod.ts"
import { listenInNamespace } from "../../sandbox/namespace-socket.ts"
import type { Exit, RunningContainer } from "./container.ts"
import type { ContainerLog } from "./container-log.ts"
import { whoamiServer } from "./whoami-server.ts"

export interface WhoamiOptions {
  pod: LabPod
  container: Container
  /** The pod's; undefined where nothing is wired, or on the host's network: then nothing listens. */
  namespace: NetNamespace | undefined
  address: string
  log: ContainerLog
  clock: Clock
}

const defaultPort = 8080
const termination: Exit = { exitCode: 0, reason: "Completed" }

/** A container that stands in for an application: listens on its declared TCP ports, or on 8080 when it has none. */
export async function startWhoami(options: WhoamiOptions): Promise<RunningContainer> {
  const { pod, container, namespace, log } = options
  const declared = (container.ports ?? [])
    .filter((p) => (p.protocol ?? "TCP") === "TCP")
    .map((p) => p.containerPort)
  // 8080 always, as the one port that every pod of the lab answers on; the first container of a pod has it.
  const first = pod.spec.containers[0]?.name === container.name
  const ports = new Set([...declared, ...(first ? [defaultPort] : [])])
  const servers: Server[] = []
  const exited = Promise.withResolvers<Exit>()
  const close = () => {
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
    log.close()
  }
  try {
    for (const port of namespace ? ports : []) {
      const server = whoamiServer(pod, options.address, log)
      await listenInNamespace(server, namespace!, { address: "0.0.0.0", port })
      servers.push(server)
      log.write("stdout", `listening on ${options.address}:${port}`)
    }
  } catch (error) {
    log.write("stderr", (error as Error).message)
    close()
    exited.resolve({ exitCode: 1, reason: "Error" })
  }
  return {
    id: randomBytes(32).toString("hex"),
    startedAt: options.clock.now(),
    log,
    exited: exited.promise,
    async stop() {
      close()
      exited.resolve(termination)
    },
  }
}
