import { writeFile } from "node:fs/promises"
import type { Clock } from "../../clock.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Logger } from "../../log.ts"
import { createKubeApi } from "../kubeapi/kube-api.ts"
import type { CloudInstances } from "../loops/cloud-node-loop.ts"
import { startControlLoops } from "../loops/start-loops.ts"
import { kubeconfig } from "./kubeconfig.ts"
import { recordEvents } from "./record-events.ts"
import { serveHttp } from "./serve-http.ts"
import type { StateFiles, WorldFacts } from "./state-folder.ts"

export interface KubernetesOptions {
  clock: Clock
  random: () => number
  log: Logger
  signal: AbortSignal
  files: StateFiles
  /** Where it listens inside the lab. */
  address: string
  /** 0 lets the system choose. */
  port: number
  instances: CloudInstances
}

/** A running Kubernetes control plane, embedded or real. */
export interface Kubernetes extends AsyncDisposable {
  /** With every right. */
  readonly kube: Kube
  readonly facts: WorldFacts
  kubeconfigFor(namespace: string, serviceAccount: string): Promise<string>
}

/** The embedded API and the control loops, all in this process. */
export async function startEmbedded(options: KubernetesOptions): Promise<Kubernetes> {
  const { clock, random, log, signal, files, address } = options
  await using undo = new AsyncDisposableStack()
  const api = createKubeApi({ clock, random, endpoint: { host: address, port: options.port } })
  const { port } = undo.use(await serveHttp(api, { host: address, port: options.port }))
  undo.use(await serveHttp(api, { path: files.kubeSocket }))
  const server = `http://${address}:${port}`
  await writeFile(files.insideKubeconfig, kubeconfig({ name: "lab", server }), { mode: 0o600 })
  const record = recordEvents({
    ...{ kube: api.kube, clock, log },
    controller: "lab-controllers",
    instance: "lab",
  })
  await startControlLoops({ kube: api.kube, clock, random, log, signal, record })
  const owned = undo.move()
  return {
    kube: api.kube,
    facts: { scheme: "http", ca: "", token: "" },
    // The embedded API asks nobody who he is.
    kubeconfigFor: async () => files.insideKubeconfig,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
