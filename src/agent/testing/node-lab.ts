import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { NodeInterface } from "../../api/nodenetwork.ts"
import { nodes } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import type { NetNamespace } from "../../kernel/kernel.ts"
import { netlinkKernel } from "../../kernel/netlink/netlink-kernel.ts"
import { createKubeApi } from "../../lab/kubeapi/kube-api.ts"
import { listenInNamespace } from "../../lab/sandbox/namespace-socket.ts"
import { applyManifests, readManifestFolder } from "../../lab/world/apply-manifests.ts"
import { kubeconfig as kubeconfigOf } from "../../lab/world/kubeconfig.ts"
import { askSocket } from "./ask-socket.ts"
import { FakeController, testNode } from "./fake-controller.ts"

const apiPort = 8001
const fromSource = fileURLToPath(new URL("../main.ts", import.meta.url))
const crds = fileURLToPath(new URL("../../../crds", import.meta.url))

export interface PluginRun {
  readonly code: number
  readonly output: { [field: string]: unknown }
  /** From before the process is started until its output is whole. */
  readonly ms: number
}

/**
 * One node as a network namespace: links in place of ENIs, an API server, the real agent process and the real plugin.
 * Ends what it started when disposed.
 */
export async function nodeLab(env: Record<string, string> = {}, program = fromSource) {
  await using cleanup = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), "berth-node-"))
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }))
  const kernel = netlinkKernel()
  const path = (name: string) => join(folder, "netns", name)
  const namespace = (name: string): NetNamespace => {
    const made = kernel.create(path(name))
    cleanup.defer(() => {
      made[Symbol.dispose]()
      kernel.remove(path(name))
    })
    return made
  }
  const host = namespace("node")
  const fabric = namespace("fabric")
  const kube = await serveKubernetes(host, cleanup)
  const name = "n1"
  await kube.create(nodes, testNode(name))
  const environment = environmentOf(folder, name, env)
  const agent = cleanup.use(new AgentProcess(host, program, environment))
  const rest = cleanup.move()
  return {
    folder,
    name,
    kernel,
    host,
    fabric,
    kube,
    controller: new FakeController(kube, name),
    environment,
    attach: (eni: NodeInterface) => attach(host, fabric, eni),
    /** Runs the plugin that the agent has installed, as a container runtime does. */
    plugin: (
      command: string,
      container: string,
      config: object = {},
      more: Record<string, string> = {},
    ) =>
      runPlugin(host, environment.HOST_CNI_BIN_PATH, config, {
        CNI_COMMAND: command,
        CNI_CONTAINERID: container,
        CNI_NETNS: path(container),
        CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${container}`,
        ...more,
      }),
    /** Makes a pod's namespace. */
    sandbox: (container: string) => {
      kernel.create(path(container))[Symbol.dispose]()
      rest.defer(() => kernel.remove(path(container)))
    },
    removeSandbox: (container: string) => kernel.remove(path(container)),
    startAgent: () => agent.start(),
    /** "SIGKILL" for a crash. */
    stopAgent: (signal: NodeJS.Signals = "SIGTERM") => agent.end(signal),
    agentPid: () => agent.pid,
    /** What the agent's introspection endpoint answers. */
    ask: async (view: string): Promise<unknown> => {
      const socket = join(environment.BERTH_STATE_DIR, "introspection.sock")
      return JSON.parse((await askSocket(socket, view)).text)
    },
    log: () => readFileSync(environment.AWS_VPC_K8S_CNI_LOG_FILE, "utf8"),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  }
}

export type NodeLab = Awaited<ReturnType<typeof nodeLab>>

function environmentOf(folder: string, name: string, env: Record<string, string>) {
  const kubeconfig = join(folder, "kubeconfig")
  writeFileSync(kubeconfig, kubeconfigOf({ name: "lab", server: `http://127.0.0.1:${apiPort}` }))
  const state = join(folder, "state")
  return {
    PATH: process.env["PATH"] ?? "",
    KUBECONFIG: kubeconfig,
    MY_NODE_NAME: name,
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
    AWS_VPC_K8S_CNI_LOG_FILE: join(folder, "agent.log"),
    AWS_VPC_K8S_CNI_BACKING_STORE: join(folder, "ipam.json"),
    BERTH_SOCKET: join(state, "berth.sock"),
    BERTH_STATE_DIR: state,
    HOST_CNI_BIN_PATH: join(folder, "bin"),
    HOST_CNI_CONFDIR_PATH: join(folder, "net.d"),
    INTROSPECTION_BIND_ADDRESS: `unix:${join(state, "introspection.sock")}`,
    ...env,
  }
}

/** Attaches an ENI: a link with its MAC appears on the node. The host's own one comes configured. */
function attach(host: NetNamespace, fabric: NetNamespace, eni: NodeInterface) {
  const link = `eth${eni.deviceIndex}`
  const peer = { name: link, mac: eni.mac, in: host }
  fabric.apply([{ do: "addVeth", name: `fab${eni.deviceIndex}`, mtu: 9001, peer, up: true }])
  if (!eni.primary) return
  host.apply([
    { do: "setLink", name: link, up: true },
    { do: "putAddress", link, address: `${eni.primaryAddress}/24` },
  ])
}

class AgentProcess implements AsyncDisposable {
  readonly #host: NetNamespace
  readonly #program: string
  readonly #env: Record<string, string>
  #child: ChildProcess | undefined

  constructor(host: NetNamespace, program: string, env: Record<string, string>) {
    this.#host = host
    this.#program = program
    this.#env = env
  }

  get pid() {
    return this.#child?.pid
  }

  start() {
    const args = ["--disable-warning=ExperimentalWarning", this.#program]
    this.#child = this.#host.enter(() =>
      spawn(process.execPath, args, { env: this.#env, stdio: ["ignore", "inherit", "inherit"] }),
    )
  }

  async end(signal: NodeJS.Signals) {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null) return
    const closed = once(child, "close")
    child.kill(signal)
    await closed
  }

  [Symbol.asyncDispose]() {
    return this.end("SIGTERM")
  }
}

async function serveKubernetes(host: NetNamespace, cleanup: AsyncDisposableStack) {
  const api = cleanup.use(createKubeApi({ clock: systemClock }))
  const { signal } = new AbortController()
  await applyManifests({ kube: api.kube, clock: systemClock, signal }, readManifestFolder(crds))
  const server = createServer(api.handler)
  await listenInNamespace(server, host, { address: "127.0.0.1", port: apiPort })
  cleanup.defer(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return api.kube
}

function runPlugin(
  host: NetNamespace,
  folder: string,
  config: object,
  variables: Record<string, string>,
): Promise<PluginRun> {
  const start = performance.now()
  const env = { ...variables, CNI_IFNAME: "eth0", CNI_PATH: folder }
  const child = host.enter(() =>
    spawn(join(folder, "berth-cni"), { env, stdio: ["pipe", "pipe", "inherit"] }),
  )
  let text = ""
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk
  })
  child.stdin.on("error", () => {})
  const request = { cniVersion: "1.0.0", name: "aws-cni", type: "berth-cni", ...config }
  child.stdin.end(JSON.stringify(request))
  return new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code) => {
      const ms = performance.now() - start
      resolve({ code: code ?? -1, output: text === "" ? {} : JSON.parse(text), ms })
    })
  })
}
