import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import type { Socket } from "node:net"
import type { Pod } from "../../api/core.ts"
import type { Clock } from "../../clock.ts"
import { clientKube } from "../../kube/client/client-kube.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Logger } from "../../log.ts"
import { selfSigned } from "../../tls/certificate.ts"
import { startControlPlane } from "../control-plane/start-control-plane.ts"
import { createKubeApi, type KubeApi } from "../kubeapi/kube-api.ts"
import type { KubeletServer } from "../kubelet/server/kubelet-server.ts"
import { startControlLoops } from "../loops/start-loops.ts"
import { clusterConnector, serviceConnector } from "./connect-service.ts"
import { kubeconfig } from "./kubeconfig.ts"
import { kubeletProxy } from "./kubelet-proxy.ts"
import { recordEvents } from "./record-events.ts"
import { requireToken } from "./require-token.ts"
import { relayToTcp, serveHttp } from "./serve-http.ts"
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
  /** The kubelet of a node; undefined when the node does not run. */
  kubelet: (node: string) => KubeletServer | undefined
  /** A connection to a program on a node. */
  connectNode: (node: string, port: number) => Socket | undefined
}

/** A running Kubernetes control plane, embedded or real. */
export interface Kubernetes extends AsyncDisposable {
  /** With every right. */
  readonly kube: Kube
  readonly facts: WorldFacts
  /** For what runs in the pod, with the rights of its service account. */
  kubeconfigFor(pod: Pod): Promise<string>
  /** Rejects when a part of it ends by itself. */
  readonly failed: Promise<never>
}

/** The embedded API and the control loops, all in this process. */
export async function startEmbedded(options: KubernetesOptions): Promise<Kubernetes> {
  const { clock, random, log, signal, files, address } = options
  await using undo = new AsyncDisposableStack()
  const certificate = selfSigned({
    commonName: "berth-lab",
    dnsNames: ["kubernetes.default.svc"],
    addresses: [...new Set(["127.0.0.1", address])],
    now: clock.now(),
  })
  const token = randomBytes(24).toString("base64url")
  const endpoint = { host: address, port: options.port }
  const api: KubeApi = undo.use(
    createKubeApi({
      ...{ clock, random, endpoint, log, certificateAuthority: certificate.cert },
      connectService: serviceConnector(() => api.kube, options.connectNode),
    }),
  )
  const service = requireToken(
    token,
    kubeletProxy({ kube: api.kube, kubelet: options.kubelet, next: api }),
  )
  const { port } = undo.use(await serveHttp(service, endpoint, certificate))
  undo.use(await serveHttp(service, { path: files.kubeSocket }, certificate))
  const access = { server: `https://${address}:${port}`, ca: certificate.cert, token }
  await writeFile(files.insideKubeconfig, kubeconfig({ name: "lab", ...access }), { mode: 0o600 })
  const record = recordEvents({
    ...{ kube: api.kube, clock, log },
    controller: "lab-controllers",
    instance: "lab",
  })
  await startControlLoops({ kube: api.kube, clock, random, log, signal, record })
  const owned = undo.move()
  return {
    kube: api.kube,
    facts: { ca: certificate.cert, token },
    // The embedded API knows one user, who may do everything.
    kubeconfigFor: async () => files.insideKubeconfig,
    failed: new Promise(() => {}),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The real control plane, from the programs in `binaries`. */
export async function startReal(
  options: KubernetesOptions,
  real: { binaries: string; prefix: readonly string[]; progress: (text: string) => void },
): Promise<Kubernetes> {
  const { clock, random, files, address } = options
  await using undo = new AsyncDisposableStack()
  const api: { kube?: Kube } = {}
  const kubeOfApi = () => {
    if (api.kube) return api.kube
    throw new Error("the control plane starts")
  }
  const plane = undo.use(
    await startControlPlane({
      ...{ ...options, ...real, folder: files.controlPlane },
      connectCluster: clusterConnector(kubeOfApi, options.connectNode),
    }),
  )
  const { server, ca, adminToken, port } = plane
  undo.use(await relayToTcp(files.kubeSocket, address, port))
  const inside = { server, ca, token: adminToken }
  await writeFile(files.insideKubeconfig, kubeconfig({ name: "lab", ...inside }), { mode: 0o600 })
  const kube = undo.use(
    clientKube({ kubeconfig: files.insideKubeconfig, clock, random, userAgent: "berth-lab" }),
  )
  api.kube = kube
  const owned = undo.move()
  return {
    kube,
    facts: { ca, token: adminToken },
    failed: plane.failed,
    async kubeconfigFor(pod) {
      const { namespace = "", name } = pod.metadata
      const token = await plane.issueToken(pod)
      const path = files.podKubeconfig(namespace, name)
      const config = kubeconfig({ name: `${namespace}-${name}`, server, ca, token })
      await writeFile(path, config, { mode: 0o600 })
      return path
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
