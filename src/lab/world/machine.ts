import { mkdirSync } from "node:fs"
import { createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { connect } from "node:net"
import { join } from "node:path"
import type { Clock } from "../../clock.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { CloudInstance } from "../../ec2/memory/records.ts"
import type { Kernel, NetNamespace } from "../../kernel/kernel.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Logger } from "../../log.ts"
import { createImds } from "../aws/imds.ts"
import type { Fabric } from "../fabric/fabric.ts"
import { connectInNamespace } from "../kubelet/connect-in-namespace.ts"
import { type Kubelet, startKubelet } from "../kubelet/kubelet.ts"
import { nodeObject } from "../kubelet/node/node-object.ts"
import type { PodRuntime } from "../kubelet/pod/pod-runtime.ts"
import { Sandboxes } from "../kubelet/runtime/sandbox.ts"
import { type KubeletServer, kubeletServer } from "../kubelet/server/kubelet-server.ts"
import { listenInNamespace } from "../sandbox/namespace-socket.ts"
import { selfSigned } from "../tls/certificate.ts"
import { nodeGroupTag } from "./build-cloud.ts"
import { containerStarter, type Program } from "./programs.ts"
import { recordEvents } from "./record-events.ts"
import { closeServer } from "./serve-http.ts"
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
  kubeconfigFor: (namespace: string, serviceAccount: string) => Promise<string>
  kubernetesVersion: string
}

/** One EC2 instance that runs: a namespace, a root folder, instance metadata and a kubelet. */
export interface Machine {
  readonly name: string
  readonly instance: CloudInstance
  readonly kubelet: Kubelet
  readonly server: KubeletServer
  /**
   * As pulling the plug: no plugin is asked, nothing answers any more. Processes that are given some time may end by
   * themselves.
   */
  halt(graceMs?: number): Promise<void>
}

/** Where instance metadata is (EC2 user guide). */
const kubeletPort = 10250
const metadataAddress = "169.254.169.254"

export async function bootMachine(host: MachineHost, instance: CloudInstance): Promise<Machine> {
  const { clock, random, cloud, kernel, fabric } = host
  const node = nodeObject(factsOf(cloud, instance), host.kubernetesVersion)
  const { name } = node.metadata
  const root = host.files.node(name)
  for (const folder of ["etc/cni/net.d", "opt/cni/bin", "var/run/aws-node", "var/log/pods", "run"])
    mkdirSync(join(root, folder), { recursive: true })
  await using undo = new AsyncDisposableStack()
  const path = `/run/netns/${name}`
  const namespace = kernel?.create(path)
  undo.defer(() => kernel?.remove(path))
  undo.defer(() => namespace?.[Symbol.dispose]())
  if (namespace) await prepare(namespace)
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
  const hostAddress = instance.privateAddress
  const kubelet = await startKubelet({
    ...{ kube: host.kube, clock, random, log, node, hostAddress, sandboxes, runtimes },
    record: recordEvents({ kube: host.kube, clock, log, controller: "kubelet", instance: name }),
    startContainer: containerStarter({ ...host, namespace, root, hostAddress }),
    probeTarget: ({ pod, sandbox }) => ({
      address: pod.spec.hostNetwork ? hostAddress : (sandbox?.address ?? hostAddress),
      connect: (address, port) =>
        namespace
          ? connectInNamespace(namespace, { address, port })
          : pod.spec.hostNetwork
            ? connect(portSocket(root, port))
            : undefined,
      exec: async () => undefined,
    }),
    logFolder: join(root, "var/log/pods"),
  })
  // Not awaited: a plugin that waits for an agent which is gone must not hold up the end of the machine.
  undo.defer(() => void kubelet.stop())
  const server = kubeletServer({ runtimes, namespace })
  if (namespace) undo.use(await serveKubelet(server, name, hostAddress, { namespace, clock }))
  const owned = undo.move()
  return {
    name,
    instance,
    kubelet,
    server,
    halt(graceMs = 0) {
      ending.graceMs = graceMs
      return owned.disposeAsync()
    },
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

/** What the image and kube-proxy have done by the time the first pod starts. */
async function prepare(namespace: NetNamespace): Promise<void> {
  namespace.apply([{ do: "sysctl", key: "net.ipv4.ip_forward", value: "1" }])
  // The kernel follows connections only where a rule looks at their state. Without one from the start, the first SNAT
  // rule would take connections under way for new ones and change their ports.
  await namespace.nft(`table ip lab {
    chain follow { type filter hook output priority 0; ct state invalid counter; }
  }\n`)
}

async function serveMetadata(
  { cloud, clock, random }: MachineHost,
  instance: CloudInstance,
  namespace: NetNamespace,
): Promise<AsyncDisposable> {
  namespace.apply([{ do: "putAddress", link: "lo", address: `${metadataAddress}/32` }])
  const server = createServer(createImds(cloud, instance.id, { clock, random }))
  await listenInNamespace(server, namespace, { address: metadataAddress, port: 80 })
  return { [Symbol.asyncDispose]: () => closeServer(server) }
}

/** Where API servers reach kubelets. They do not check the certificate unless told whose it is. */
async function serveKubelet(
  service: KubeletServer,
  name: string,
  address: string,
  { namespace, clock }: { namespace: NetNamespace; clock: Clock },
): Promise<AsyncDisposable> {
  const names = { commonName: name, dnsNames: [name], addresses: [address], now: clock.now() }
  const server = createTlsServer(selfSigned(names), service.handler)
  server.on("upgrade", service.upgrade)
  await listenInNamespace(server, namespace, { address: "0.0.0.0", port: kubeletPort })
  return { [Symbol.asyncDispose]: () => closeServer(server) }
}

async function endContainers(
  runtimes: ReadonlyMap<string, PodRuntime>,
  graceMs: number,
): Promise<void> {
  const running = [...runtimes.values()].flatMap((r) =>
    [...r.containers.values()].flatMap((c) => c.running ?? []),
  )
  await Promise.all(running.map((c) => c.stop(graceMs)))
}
