import { mkdtempSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { nodes } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import { type MemoryKernelOptions, memoryKernel } from "../../kernel/memory/memory-kernel.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { silentLogger } from "../../log.ts"
import { type Agent, startAgent } from "../agent.ts"
import type { AgentLog } from "../agent-log.ts"
import { readConfig } from "../config.ts"
import { hostDisk } from "../disk.ts"
import { FakeController, primaryInterface, testNode } from "./fake-controller.ts"

export interface CniOutcome {
  code: number
  output: { [field: string]: unknown }
}

/** One node with a whole agent in this process, over the in-memory kernel and Kubernetes API. */
export async function agentWorld(
  env: Record<string, string> = {},
  kernelOptions: MemoryKernelOptions = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "berth-agent-"))
  const node = "n1"
  const kube = memoryKube()
  await kube.create(nodes, testNode(node))
  const kernel = memoryKernel({ openMakes: true, ...kernelOptions })
  kernel.plug(primaryInterface().mac)
  const controller = new FakeController(kube, node)
  const environment = {
    MY_NODE_NAME: node,
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
    BERTH_SOCKET: join(folder, "berth.sock"),
    BERTH_STATE_DIR: folder,
    AWS_VPC_K8S_CNI_BACKING_STORE: join(folder, "ipam.json"),
    HOST_CNI_BIN_PATH: join(folder, "bin"),
    HOST_CNI_CONFDIR_PATH: join(folder, "net.d"),
    INTROSPECTION_BIND_ADDRESS: `unix:${join(folder, "introspection.sock")}`,
    BERTH_METRICS_BIND_ADDRESS: "",
    ...env,
  }
  const log: AgentLog = { logger: silentLogger, level: "info", flush: () => {} }
  const start = (more: Record<string, string> = {}): Promise<Agent> => {
    const { config, notices } = readConfig({ ...environment, ...more })
    return startAgent({
      config,
      notices,
      kube,
      kernel,
      plug: (mac) => kernel.plug(mac),
      disk: hostDisk,
      clock: systemClock,
      random: Math.random,
      log,
      version: "test",
    })
  }
  return {
    folder,
    node,
    kube,
    kernel,
    controller,
    environment,
    start,
    /** One CNI call, over the socket. */
    cni: (command: string, container: string, more: Record<string, string> = {}, config = {}) =>
      callAgent(environment.BERTH_SOCKET, {
        command,
        container,
        netns: join(folder, container),
        more,
        config,
      }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

interface Call {
  command: string
  container: string
  netns: string
  more: Record<string, string>
  config: object
}

function callAgent(socket: string, call: Call): Promise<CniOutcome> {
  const variables = {
    CNI_COMMAND: call.command,
    CNI_CONTAINERID: call.container,
    CNI_IFNAME: "eth0",
    CNI_NETNS: call.netns,
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod-${call.container}`,
    ...call.more,
  }
  const header = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  const config = { cniVersion: "1.0.0", name: "aws-cni", type: "berth-cni", ...call.config }
  return new Promise((resolve, reject) => {
    let reply = ""
    const connection = connect(socket, () =>
      connection.end(`${header.join("")}\n${JSON.stringify(config)}`),
    )
    connection.setEncoding("utf8").on("data", (chunk) => (reply += String(chunk)))
    connection.on("error", reject)
    connection.on("end", () => {
      const end = reply.indexOf("\n")
      const body = reply.slice(end + 1).trim()
      resolve({ code: Number(reply.slice(0, end)), output: body === "" ? {} : JSON.parse(body) })
    })
  })
}

/** Waits for a condition; fails with what it saw last. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 10_000,
): Promise<T> {
  const deadline = Date.now() + ms
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
