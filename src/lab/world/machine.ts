import { mkdirSync, rmSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import type { Pod } from "../../api/core.ts"
import type { Clock } from "../../clock.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { CloudInstance } from "../../ec2/memory/records.ts"
import type { Kernel, NetNamespace } from "../../kernel/kernel.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Logger } from "../../log.ts"
import type { Fabric } from "../fabric/fabric.ts"
import { connectInNamespace } from "../kubelet/connect-in-namespace.ts"
import { type Kubelet, startKubelet } from "../kubelet/kubelet.ts"
import { nodeObject } from "../kubelet/node/node-object.ts"
import type { PodRuntime } from "../kubelet/pod/pod-runtime.ts"
import type { ProbeTarget } from "../kubelet/pod/probe.ts"
import { Sandboxes } from "../kubelet/runtime/sandbox.ts"
import { type KubeletServer, kubeletServer } from "../kubelet/server/kubelet-server.ts"
import { nodeGroupTag } from "./build-cloud.ts"
import { prepareNamespace, serveKubelet, serveMetadata } from "./machine-services.ts"
import { containerStarter, type Program } from "./programs.ts"
import { recordEvents } from "./record-events.ts"
import type { StateFiles } from "./state-folder.ts"

/** What all machines of a lab share. */
export interface MachineHost {
  kube: Kube
  clock: Clock
  random: () => number
  log: Logger
  cloud: Cloud
  fabric: Fabric
  /** Undefined where nothing is wired. */
  kernel: Kernel | undefined
  files: StateFiles
  programs: readonly Program[]
  prefix: readonly string[]
  kubeconfigFor: (pod: Pod) => Promise<string>
  kubernetesVersion: string
  kubeletRetryMs: number | undefined
}

/** One EC2 instance that runs: a namespace, a root folder, instance metadata and a kubelet. */
export interface Machine {
  readonly name: string
  readonly instance: CloudInstance
  readonly kubelet: Kubelet
  readonly server: KubeletServer
  /** A connection to a program on the node itself. */
  connect(port: number): Socket
  /**
   * As pulling the plug: no plugin is asked, nothing answers any more. Processes that are given some time may end by
   * themselves.
   */
  halt(graceMs?: number): Promise<void>
}

export async function bootMachine(host: MachineHost, instance: CloudInstance): Promise<Machine> {
  const { clock, random, cloud, kernel, fabric } = host
  const node = nodeObject(factsOf(cloud, instance), host.kubernetesVersion)
  const { name } = node.metadata
  const root = host.files.node(name)
  // An instance that follows another at its address has its name, but a disk of its own.
  rmSync(root, { recursive: true, force: true })
  for (const folder of ["etc/cni/net.d", "opt/cni/bin", "var/run/aws-node", "var/log/pods", "run"])
    mkdirSync(join(root, folder), { recursive: true })
  await using undo = new AsyncDisposableStack()
  const path = `/run/netns/${name}`
  const namespace = kernel?.create(path)
  undo.defer(() => kernel?.remove(path))
  undo.defer(() => namespace?.[Symbol.dispose]())
  if (namespace) await prepareNamespace(namespace)
  await fabric.addNode({ instanceId: instance.id, namespace: path })
  undo.defer(() => fabric.removeNode(instance.id))
  if (namespace) undo.use(await serveMetadata(host, instance, namespace))

  const log = host.log.child({ node: name })
  const runtimes = new Map<string, PodRuntime>()
  const ending = { graceMs: 0 }
  undo.defer(() => endContainers(runtimes, ending.graceMs))
  const sandboxes = new Sandboxes({
    kernel,
    namespace,
    binFolder: join(root, "opt/cni/bin"),
    confFolder: join(root, "etc/cni/net.d"),
    now: () => clock.now(),
  })
  undo.defer(() => sandboxes.abandon())
  const place = { namespace, root, hostAddress: instance.privateAddress }
  const kubelet = await startKubelet({
    ...{ kube: host.kube, clock, random, log, node, sandboxes, runtimes },
    hostAddress: place.hostAddress,
    record: recordEvents({ kube: host.kube, clock, log, controller: "kubelet", instance: name }),
    startContainer: containerStarter({ ...host, ...place }),
    probeTarget: (runtime) => probeTarget(runtime, place),
    logFolder: join(root, "var/log/pods"),
    ...(host.kubeletRetryMs !== undefined && { retryMs: host.kubeletRetryMs }),
  })
  // Not awaited: a plugin that waits for an agent which is gone must not hold up the end of the machine.
  undo.defer(() => void kubelet.stop())
  const server = kubeletServer({ runtimes, namespace })
  if (namespace) undo.use(await serveKubelet(server, node, { namespace, clock }))
  const owned = undo.move()
  return {
    name,
    instance,
    kubelet,
    server,
    connect: (port) =>
      namespace
        ? connectInNamespace(namespace, { address: "127.0.0.1", port })
        : connect(portSocket(root, port)),
    halt(graceMs = 0) {
      ending.graceMs = graceMs
      return owned.disposeAsync()
    },
  }
}

interface Place {
  namespace: NetNamespace | undefined
  root: string
  hostAddress: string
}

/** Probes leave from the node, as kubelet's do; where nothing is wired only programs on the node can be asked. */
function probeTarget({ pod, sandbox }: PodRuntime, place: Place): ProbeTarget {
  const { namespace, root, hostAddress } = place
  return {
    address: pod.spec.hostNetwork ? hostAddress : (sandbox?.address ?? hostAddress),
    connect(address, port) {
      if (namespace) return connectInNamespace(namespace, { address, port })
      return pod.spec.hostNetwork ? connect(portSocket(root, port)) : undefined
    },
    exec: async () => undefined,
  }
}

/** Stands for a TCP port of a node that has no network of its own. */
export const portSocket = (root: string, port: number): string => join(root, "run", `${port}.sock`)

const factsOf = (cloud: Cloud, instance: CloudInstance) => ({
  instanceId: instance.id,
  instanceType: instance.type,
  zone: instance.zone,
  region: cloud.region,
  imageId: instance.imageId,
  privateAddress: instance.privateAddress,
  ...(instance.userData === undefined ? {} : { userData: instance.userData }),
  ...(instance.tags[nodeGroupTag] === undefined ? {} : { nodeGroup: instance.tags[nodeGroupTag] }),
})

async function endContainers(
  runtimes: ReadonlyMap<string, PodRuntime>,
  graceMs: number,
): Promise<void> {
  const running = [...runtimes.values()].flatMap((r) =>
    [...r.containers.values()].flatMap((c) => c.running ?? []),
  )
  await Promise.all(running.map((c) => c.stop(graceMs)))
}
