import { type ChildProcess, spawn } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { send } from "./send.ts"

/** A real kube-apiserver with its etcd, without controllers. */
export interface RealApiServer extends AsyncDisposable {
  readonly origin: string
  readonly token: string
}

const startMsMax = 60_000

/** Starts kube-apiserver and etcd out of `folder` (KUBEBUILDER_ASSETS) on free ports; rejects when they do not come up. */
export async function startRealApiServer(folder: string): Promise<RealApiServer> {
  const stack = new AsyncDisposableStack()
  const state = mkdtempSync(join(tmpdir(), "kube-"))
  stack.defer(() => rmSync(state, { recursive: true, force: true, maxRetries: 5 }))
  const [port, etcdPort, peerPort] = await Promise.all([freePort(), freePort(), freePort()])
  const key = join(state, "sa.key")
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }))
  const token = "differential"
  writeFileSync(join(state, "tokens.csv"), `${token},admin,1,system:masters\n`)
  const etcd = `http://127.0.0.1:${etcdPort}`
  const run = (program: string, args: readonly string[]) => {
    const child = spawn(join(folder, program), args, { stdio: "ignore" })
    stack.defer(() => stop(child))
    return child
  }
  run("etcd", [
    `--data-dir=${join(state, "etcd")}`,
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    "--unsafe-no-fsync",
  ])
  const server = run("kube-apiserver", [
    `--etcd-servers=${etcd}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    `--cert-dir=${join(state, "tls")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    "--authorization-mode=AlwaysAllow",
    `--token-auth-file=${join(state, "tokens.csv")}`,
    "--service-cluster-ip-range=10.96.0.0/16",
  ])
  const real: RealApiServer = {
    origin: `https://127.0.0.1:${port}`,
    token,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
  try {
    await ready(real, server)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
  return real
}

/** kube-apiserver waits for its etcd when asked to end, so it is not asked. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
}

async function ready(real: RealApiServer, server: ChildProcess): Promise<void> {
  const until = Date.now() + startMsMax
  while (Date.now() < until) {
    if (server.exitCode !== null) throw new Error(`kube-apiserver ended with ${server.exitCode}`)
    const reply = await send(real, { method: "GET", path: "/readyz" }).catch(() => undefined)
    if (reply?.status === 200) return
    await sleep(200)
  }
  throw new Error("kube-apiserver did not become ready")
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}
