import { randomBytes, randomUUID } from "node:crypto"
import type { Kernel, NetNamespace } from "../../../kernel/kernel.ts"
import type { LabPod } from "../../loops/pod.ts"
import {
  type AddResult,
  type Attachment,
  addNetwork,
  addressesOf,
  delNetwork,
} from "../cni/chain.ts"
import type { PluginHost } from "../cni/exec-plugin.ts"
import { loadNetworkConfig, type NetworkConfig } from "../cni/network-config.ts"

/** A pod's network: its namespace and what the CNI plugins answered. */
export interface Sandbox {
  readonly id: string
  readonly podUid: string
  readonly attachment: Attachment
  readonly config: NetworkConfig
  /** Undefined where nothing is wired. */
  readonly namespace: NetNamespace | undefined
  readonly createdAt: number
  /** Absent when ADD failed: what it left behind must still be removed. */
  result?: AddResult
  address?: string
}

export interface SandboxHost extends PluginHost {
  /** Makes the pods' namespaces; undefined where nothing is wired. */
  kernel: Kernel | undefined
  confFolder: string
  now: () => number
}

/** Sandboxes of one node. They outlive the kubelet, as containerd's do. */
export class Sandboxes {
  readonly #host: SandboxHost
  readonly #all = new Map<string, Sandbox>()

  constructor(host: SandboxHost) {
    this.#host = host
  }

  get networkReady(): boolean {
    return loadNetworkConfig(this.#host.confFolder) !== undefined
  }

  of(podUid: string): Sandbox[] {
    return [...this.#all.values()].filter((s) => s.podUid === podUid)
  }

  podUids(): Set<string> {
    return new Set([...this.#all.values()].map((s) => s.podUid))
  }

  /**
   * Makes the namespace and runs ADD. What failed is removed again, at once or by a later `remove`. `signal` ends the
   * plugin that runs: the pod is no longer wanted.
   */
  async create(pod: LabPod, signal?: AbortSignal): Promise<Sandbox> {
    await nextTurn()
    const config = loadNetworkConfig(this.#host.confFolder)
    if (!config) throw new Error("cni plugin not initialized")
    const id = randomBytes(32).toString("hex")
    const netns = `/run/netns/cni-${randomUUID()}`
    const namespace = this.#host.kernel?.create(netns)
    const sandbox: Sandbox = {
      id,
      podUid: pod.metadata.uid ?? "",
      attachment: attachmentOf(pod, id, netns),
      config,
      namespace,
      createdAt: this.#host.now(),
    }
    this.#all.set(id, sandbox)
    try {
      sandbox.result = await addNetwork(this.#host, config, sandbox.attachment, signal)
      const [address] = addressesOf(sandbox.result)
      if (address === undefined) throw new Error("the CNI result has no address")
      sandbox.address = address
      return sandbox
    } catch (error) {
      await this.remove(sandbox).catch(() => {})
      const why = `failed to setup network for sandbox "${id}": ${(error as Error).message}`
      throw new Error(why, { cause: error })
    }
  }

  /** DEL, then the namespace. Rejects when a plugin refuses; the sandbox then stays for the next try. */
  async remove(sandbox: Sandbox): Promise<void> {
    if (!this.#all.has(sandbox.id)) return
    const { config, attachment } = sandbox
    try {
      await delNetwork(this.#host, config, attachment, sandbox.result)
    } catch (error) {
      const why = `failed to destroy network for sandbox "${sandbox.id}": ${(error as Error).message}`
      throw new Error(why, { cause: error })
    }
    sandbox.namespace?.[Symbol.dispose]()
    this.#host.kernel?.remove(attachment.netns)
    this.#all.delete(sandbox.id)
  }

  /** The machine is gone, and with it its namespaces: no plugin is asked. */
  abandon(): void {
    for (const { namespace, attachment } of this.#all.values()) {
      namespace?.[Symbol.dispose]()
      this.#host.kernel?.remove(attachment.netns)
    }
    this.#all.clear()
  }
}

let turns = Promise.resolve()

/**
 * To make a namespace and start a plugin takes this process some ten milliseconds in which nothing else runs. The API
 * server is the same process: a hundred pods in one turn would keep everybody from it for more than a second.
 */
function nextTurn(): Promise<void> {
  turns = turns.then(() => new Promise((resolve) => setImmediate(resolve)))
  return turns
}

/** The arguments of containerd's CRI plugin. */
function attachmentOf(pod: LabPod, id: string, netns: string): Attachment {
  const { namespace = "default", name, uid = "", annotations = {} } = pod.metadata
  const portMappings = pod.spec.containers.flatMap((c) =>
    (c.ports ?? [])
      .filter((p) => p.hostPort)
      .map((p) => ({
        hostPort: p.hostPort,
        containerPort: p.containerPort,
        protocol: (p.protocol ?? "TCP").toLowerCase(),
      })),
  )
  return {
    containerId: id,
    netns,
    ifname: "eth0",
    args: {
      IgnoreUnknown: "1",
      K8S_POD_NAMESPACE: namespace,
      K8S_POD_NAME: name,
      K8S_POD_INFRA_CONTAINER_ID: id,
      K8S_POD_UID: uid,
    },
    runtimeConfig: {
      "io.kubernetes.cri.pod-annotations": annotations,
      ...(portMappings.length > 0 ? { portMappings } : {}),
    },
  }
}
