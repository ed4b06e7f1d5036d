import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Pod } from "../../api/core.ts"
import type { Clock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { kubeconfig } from "../world/kubeconfig.ts"
import { apiServerArgs, etcdArgs, managerArgs, schedulerArgs } from "./arguments.ts"
import { type ConnectCluster, egressSelection, serveEgress } from "./egress-proxy.ts"
import { freePorts } from "./free-ports.ts"
import { httpsCall } from "./https-call.ts"
import { makeKeys } from "./keys.ts"
import { type Service, startService } from "./service.ts"

export interface ControlPlaneOptions {
  /** Folder of etcd, kube-apiserver, kube-scheduler and kube-controller-manager. */
  binaries: string
  /** For data, keys and logs. */
  folder: string
  /** Where the API server is reached inside the lab. */
  address: string
  port: number
  clock: Clock
  signal: AbortSignal
  progress: (text: string) => void
  prefix: readonly string[]
  connectCluster: ConnectCluster
}

export interface ControlPlane extends AsyncDisposable {
  readonly server: string
  readonly port: number
  readonly ca: string
  readonly adminToken: string
  /** The token that a kubelet asks for on behalf of a pod: of its service account, and naming pod and node. */
  issueToken(pod: Pod): Promise<string>
  /** Rejects when one of the processes ends. */
  readonly failed: Promise<never>
}

const programs = ["etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager"] as const
const readyMs = 60_000
const pollMs = 100
/** A lab lives for hours at most. */
const tokenSeconds = 86_400

/** Starts the real control plane of Kubernetes; resolves when it serves. Rejects with lab/control-plane. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { binaries, folder, address, clock, progress } = options
  for (const program of programs) requireProgram(binaries, program)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const keys = makeKeys(folder, [...new Set(["127.0.0.1", address, "10.96.0.1"])], clock.now())
  await using undo = new AsyncDisposableStack()
  const services: Service[] = []
  const start = (program: string, args: readonly string[]) => {
    services.push(undo.use(startService({ ...options, program, args })))
  }
  const [etcdPort = 0, etcdPeerPort = 0, schedulerPort = 0, managerPort = 0, free = 0] =
    await freePorts(5)
  const port = options.port === 0 ? free : options.port
  const server = `https://${address}:${port}`
  const adminConfig = join(folder, "admin.kubeconfig")
  const access = { server, ca: keys.certificate.cert, token: keys.adminToken }
  writeFileSync(adminConfig, kubeconfig({ name: "admin", ...access }), { mode: 0o600 })

  const egressSocket = join(folder, "egress.sock")
  const egressFile = join(folder, "egress.json")
  undo.use(await serveEgress(egressSocket, options.connectCluster))
  writeFileSync(egressFile, egressSelection(egressSocket), { mode: 0o600 })
  progress("starting etcd and kube-apiserver")
  start("etcd", etcdArgs(folder, etcdPort, etcdPeerPort))
  start("kube-apiserver", apiServerArgs(keys, { etcdPort, port, address, egressFile }))
  const failed = () => Promise.race(services.map((s) => s.failed))
  await Promise.race([serving(options, access), failed()])
  progress("starting kube-scheduler and kube-controller-manager")
  start("kube-scheduler", schedulerArgs(adminConfig, schedulerPort))
  start("kube-controller-manager", managerArgs(adminConfig, keys, managerPort))
  await Promise.race([accountsReady(options, access), failed()])
  const owned = undo.move()
  return {
    server,
    port,
    ca: access.ca,
    adminToken: keys.adminToken,
    failed: failed(),
    async issueToken({ metadata: { namespace, name, uid }, spec }) {
      const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid }
      const answer = await httpsCall(access, {
        method: "POST",
        path: `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName ?? "default"}/token`,
        body: {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: { expirationSeconds: tokenSeconds, boundObjectRef },
        },
      })
      const { status } = answer as { status?: { token?: string } }
      return status?.token ?? ""
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function requireProgram(folder: string, program: string): void {
  try {
    accessSync(join(folder, program), constants.X_OK)
  } catch {
    throw fail("lab/control-plane", { program, why: `no such program in ${folder}` })
  }
}

async function serving(
  { clock, signal }: ControlPlaneOptions,
  access: Parameters<typeof httpsCall>[0],
): Promise<void> {
  await eventually("kube-apiserver", { clock, signal }, async () => {
    await httpsCall(access, { method: "GET", path: "/readyz" })
  })
}

/** Pods are refused in a namespace until the controller manager has made its service account. */
async function accountsReady(
  { clock, signal }: ControlPlaneOptions,
  access: Parameters<typeof httpsCall>[0],
): Promise<void> {
  await eventually("kube-controller-manager", { clock, signal }, async () => {
    for (const namespace of ["default", "kube-system"])
      await httpsCall(access, {
        method: "GET",
        path: `/api/v1/namespaces/${namespace}/serviceaccounts/default`,
      })
  })
}

async function eventually(
  program: string,
  { clock, signal }: Pick<ControlPlaneOptions, "clock" | "signal">,
  attempt: () => Promise<void>,
): Promise<void> {
  const deadline = clock.now() + readyMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const why = (error as Error).message
      if (clock.now() > deadline) throw fail("lab/control-plane", { program, why }, error)
      await clock.sleep(pollMs, signal)
    }
  }
}
