import { readdirSync, readFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { nodes } from "../../src/api/resources.ts"
import type { Cloud } from "../../src/ec2/memory/cloud.ts"
import type { NetNamespace } from "../../src/kernel/kernel.ts"
import { netlinkKernel } from "../../src/kernel/netlink/netlink-kernel.ts"
import type { Kube } from "../../src/kube/kube.ts"
import { execPlugin } from "../../src/lab/kubelet/cni/exec-plugin.ts"
import { nodeName } from "../../src/lab/kubelet/node/node-object.ts"

/** Waits until `look` finds something; fails after `ms`. */
export async function until<T>(what: string, ms: number, look: () => T | Promise<T>) {
  const deadline = performance.now() + ms
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`)
    await sleep(5)
  }
}

const metadataAddress = "169.254.169.254"

/** The node that is measured, as seen from the lab's world: its agent's socket, its namespace, its processes. */
export class NodeUnderTest {
  readonly name: string
  readonly #root: string
  readonly #namespace: NetNamespace

  /** Waits for the instance to boot, and counts from then on what asks for instance metadata. */
  static async of(
    folder: string,
    instanceID: string,
    { cloud, kube }: { cloud: Cloud; kube: Kube },
  ) {
    const address = cloud.core.tables.instance.get(instanceID)?.privateAddress ?? ""
    const kernel = netlinkKernel()
    const name = nodeName({ privateAddress: address, region: cloud.region })
    const namespace = await until("the instance boots", 20_000, () =>
      kernel.open(`/run/netns/${name}`),
    )
    await namespace.nft(`table ip bench {
      chain metadata {
        type filter hook output priority 0
        ip daddr ${metadataAddress} tcp flags syn counter
      }
    }\n`)
    await until("the node registers", 20_000, () => kube.get(nodes, name))
    return new NodeUnderTest(name, join(folder, "nodes", name), namespace)
  }

  private constructor(name: string, root: string, namespace: NetNamespace) {
    this.name = name
    this.#root = root
    this.#namespace = namespace
  }

  /** Connections to the instance metadata service. */
  async metadataCalls(): Promise<number> {
    const table = JSON.stringify(await this.#namespace.nftTable("ip", "bench"))
    return Number(/"packets":\s*(\d+)/.exec(table)?.[1])
  }

  /** ADDs that ended in an error, since the agent started. */
  async failedAdds(): Promise<number> {
    const text = await this.ask("/metrics")
    const lines = text.matchAll(/^berth_cni_calls_total\{command="ADD",code="([^"]*)"\} (\d+)/gm)
    return [...lines].reduce((sum, [, code, n]) => sum + (code === "" ? 0 : Number(n)), 0)
  }

  /** When each pod got its address, ms since the epoch. */
  async assignments(): Promise<number[]> {
    const pods = JSON.parse(await this.ask("/v1/pods")) as { held: { assignedAt: number } }[]
    return pods.map(({ held }) => held.assignedAt)
  }

  ask(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socketPath = join(this.#root, "var/run/aws-node/introspection.sock")
      request({ socketPath, path }, (response) => {
        let text = ""
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
        response.on("end", () => resolve(text))
      })
        .on("error", reject)
        .end()
    })
  }

  agentPid(): number {
    for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
        if (environment.includes(`MY_NODE_NAME=${this.name}`)) return Number(pid)
      } catch {
        // It has ended meanwhile.
      }
    }
    throw new Error(`no agent runs on ${this.name}`)
  }

  residentMiB(): number {
    const status = readFileSync(`/proc/${this.agentPid()}/status`, "utf8")
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  }

  /** Kills the agent and attaches a pod at once; milliseconds until it has its network. */
  async crash(): Promise<number> {
    const kernel = netlinkKernel()
    const netns = "/run/netns/bench-crash"
    kernel.create(netns)[Symbol.dispose]()
    const call = (command: "ADD" | "DEL") =>
      execPlugin(
        { namespace: this.#namespace, binFolder: join(this.#root, "opt/cni/bin") },
        {
          command,
          config: { cniVersion: "1.0.0", name: "aws-cni", type: "berth-cni" },
          variables: {
            CNI_CONTAINERID: "bench-crash",
            CNI_NETNS: netns,
            CNI_IFNAME: "eth0",
            CNI_ARGS: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=bench-crash",
          },
        },
      )
    process.kill(this.agentPid(), "SIGKILL")
    const start = performance.now()
    await call("ADD")
    const firstAddMs = performance.now() - start
    await call("DEL")
    kernel.remove(netns)
    return firstAddMs
  }
}
