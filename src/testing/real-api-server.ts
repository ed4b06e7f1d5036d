import { spawn } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

/** A real etcd and kube-apiserver on loopback, with an administrator's kubeconfig. */
export interface RealApiServer extends AsyncDisposable {
  readonly kubeconfig: string
}

/** Why there is none to test against, or undefined. */
export const noRealApiServer: string | undefined = process.env["KUBEBUILDER_ASSETS"]
  ? undefined
  : "KUBEBUILDER_ASSETS is not set"

export interface RealApiServerOptions {
  /** With the admission of ServiceAccounts: pods need theirs, and get its token as a volume. */
  readonly serviceAccounts?: boolean
}

/** Starts both from $KUBEBUILDER_ASSETS; rejects when the API is not ready within a minute. */
export async function realApiServer(options: RealApiServerOptions = {}): Promise<RealApiServer> {
  const assets = process.env["KUBEBUILDER_ASSETS"] ?? ""
  await using undo = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), "berth-apiserver-"))
  undo.defer(() => rmSync(folder, { recursive: true, force: true }))
  const [etcdPort, peerPort, apiPort] = await freePorts(3)
  const etcd = run(join(assets, "etcd"), [
    `--data-dir=${folder}/etcd`,
    "--unsafe-no-fsync",
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
  ])
  undo.defer(etcd.stop)
  const apiserver = run(join(assets, "kube-apiserver"), [
    ...apiServerFlags(folder, etcdPort, apiPort),
    ...(options.serviceAccounts ? [] : ["--disable-admission-plugins=ServiceAccount"]),
  ])
  undo.defer(apiserver.stop)
  const kubeconfig = writeKubeconfig(folder, apiPort)
  await apiReady(apiPort, apiserver.failure)
  const kept = undo.move()
  return { kubeconfig, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

const token = "test-administrator"

function apiServerFlags(folder: string, etcdPort: number, apiPort: number): string[] {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  })
  writeFileSync(`${folder}/sa.key`, privateKey)
  writeFileSync(`${folder}/sa.pub`, publicKey)
  writeFileSync(`${folder}/tokens.csv`, `${token},admin,admin,system:masters\n`)
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--cert-dir=${folder}/certs`,
    "--bind-address=127.0.0.1",
    `--secure-port=${apiPort}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${folder}/sa.pub`,
    `--service-account-signing-key-file=${folder}/sa.key`,
    `--token-auth-file=${folder}/tokens.csv`,
    "--authorization-mode=RBAC",
    "--allow-privileged=true",
  ]
}

function writeKubeconfig(folder: string, port: number): string {
  const file = join(folder, "kubeconfig")
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [
      {
        name: "test",
        cluster: { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true },
      },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

function run(command: string, args: string[]) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] })
  let tail = ""
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    tail = (tail + chunk).slice(-4000)
  })
  const ended = once(child, "exit").catch((error: Error) => {
    tail = error.message
  })
  return {
    failure: () => (child.exitCode === null && child.pid ? undefined : tail),
    stop: async () => {
      child.kill("SIGKILL")
      await ended
    },
  }
}

async function apiReady(port: number, failure: () => string | undefined): Promise<void> {
  const { request } = await import("node:https")
  const ready = () =>
    new Promise<boolean>((resolve) => {
      const ask = request(
        {
          port,
          host: "127.0.0.1",
          path: "/readyz",
          rejectUnauthorized: false,
          headers: { authorization: `Bearer ${token}` },
        },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode === 200)
        },
      )
      ask.on("error", () => resolve(false)).end()
    })
  const deadline = Date.now() + 60_000
  while (!(await ready())) {
    const why = failure()
    if (why !== undefined) throw new Error(`kube-apiserver ended: ${why}`)
    if (Date.now() > deadline) throw new Error("kube-apiserver is not ready after a minute")
    await delay(100)
  }
}

async function freePorts(count: number): Promise<[number, number, number]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"))
  await Promise.all(servers.map((s) => once(s, "listening")))
  const ports = servers.map((s) => (s.address() as { port: number }).port)
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))))
  return ports as [number, number, number]
}
