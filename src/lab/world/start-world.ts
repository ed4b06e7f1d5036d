import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { DaemonSet } from "../../api/core.ts"
import type { KubeObject } from "../../api/meta.ts"
import { nodes } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { netlinkKernel } from "../../kernel/netlink/netlink-kernel.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Logger } from "../../log.ts"
import { awsAddress } from "../fabric/addresses.ts"
import type { Fabric } from "../fabric/fabric.ts"
import { followCloud } from "../fabric/follow-cloud.ts"
import { createHollowFabric } from "../fabric/hollow-fabric.ts"
import { createFabric } from "../fabric/wired-fabric.ts"
import { startCloudNodeLoop } from "../loops/cloud-node-loop.ts"
import { dieWithParent } from "../sandbox/enter-world.ts"
import { missingTools } from "../sandbox/requirements.ts"
import { applyManifests, readManifestFolder, readManifests } from "./apply-manifests.ts"
import { buildCloud, launchInstance } from "./build-cloud.ts"
import { cloudInstances } from "./cloud-instances.ts"
import { type Kubernetes, startEmbedded, startReal } from "./kubernetes.ts"
import { bootMachine, portSocket } from "./machine.ts"
import { followInstances, type Machines } from "./machines.ts"
import { fromSources, imageNamed, type Program, type Scripts } from "./programs.ts"
import { recordEvents } from "./record-events.ts"
import { controllerKey, startAws } from "./start-aws.ts"
import { stateFiles, type WorldInput } from "./state-folder.ts"

export interface WorldContext {
  input: WorldInput
  clock: Clock
  random: () => number
  log: Logger
  signal: AbortSignal
  /** Why nothing is wired; undefined when everything is. */
  hollow: string | undefined
  progress: (text: string) => void
  /** Other builds of agent and controller than the sources. */
  scripts?: Scripts
}

const root = fileURLToPath(new URL("../../../", import.meta.url))
/** Nodes that take longer do not keep the lab from being of use. */
const nodesReadyMs = 15_000

export interface RunningWorld
  extends AsyncDisposable,
    Pick<Kubernetes, "kube" | "facts" | "failed"> {
  readonly cloud: Cloud
}

/** Starts everything a lab is made of, in the order in which the parts need each other. */
export async function startWorld(context: WorldContext): Promise<RunningWorld> {
  const { input, clock, random, log, signal, progress } = context
  const { scenario } = input
  const files = stateFiles(input.folder)
  await using undo = new AsyncDisposableStack()
  const wired = context.hollow === undefined
  const kernel = wired ? netlinkKernel() : undefined
  const address = wired ? awsAddress : "127.0.0.1"

  const { cloud, fabric } = undo.use(await startCloud(context, kernel))
  progress("starting the Kubernetes API")
  const prefix = wired || missingTools().some((t) => t.name === "setpriv") ? [] : dieWithParent
  const running: { machines?: Machines } = {}
  const forKubernetes = {
    ...{ clock, random, signal, files, address },
    kubelet: (node: string) => running.machines?.get(node)?.server,
    connectNode: (node: string, port: number) => running.machines?.get(node)?.connect(port),
    log: log.child({ part: "kubernetes" }),
    port: wired ? 6443 : 0,
  }
  const kubernetes = undo.use(
    input.controlPlane === undefined
      ? await startEmbedded(forKubernetes)
      : await startReal(forKubernetes, { binaries: input.controlPlane, prefix, progress }),
  )
  const { kube } = kubernetes
  const version = await versionOf(kubernetes)
  const aws = undo.use(
    await startAws({
      ...{ scenario, cloud, kubernetes, clock, signal, version },
      inside: { host: address, port: wired ? 8080 : 0 },
      socket: files.ec2Socket,
    }),
  )
  const ec2Url = `http://${address}:${aws.port}`
  const programs = programsOf(context, { hollow: !wired, ec2Url })
  const host = {
    ...{ kube, clock, random, log, cloud, fabric, kernel, files, programs, prefix },
    kubeconfigFor: kubernetes.kubeconfigFor,
    kubernetesVersion: version,
    kubeletRetryMs: scenario.kubeletRetryMs,
  }
  running.machines = undo.use(
    followInstances({ cloud, clock, log, boot: (instance) => bootMachine(host, instance) }),
  )
  removeLostNodes(context, kube, cloud)
  const stock = input.scenario.plugin === "vpc-cni"
  progress(`applying the manifests of ${stock ? "the VPC CNI" : "Berth"}`)
  await (stock ? installVpcCni : installBerth)(context, kube)
  const objects = readManifests(...scenario.manifests)
  // A node without its ENIConfig does not get ready.
  await applyManifests(
    { ...context, kube },
    objects.filter((o) => !makesPods(o)),
  )
  await nodesReady(context, kube)
  // Only now: pods that find no node ready would begin with a row of scheduling failures.
  await applyManifests({ ...context, kube }, objects.filter(makesPods))
  const owned = undo.move()
  const { facts, failed } = kubernetes
  return { kube, cloud, facts, failed, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** The cloud with the scenario's instances already booting, and the VPC between them. */
async function startCloud(
  context: WorldContext,
  kernel: Kernel | undefined,
): Promise<AsyncDisposable & { cloud: Cloud; fabric: Fabric }> {
  const { input, clock, random, log, progress } = context
  const { scenario } = input
  await using undo = new AsyncDisposableStack()
  const cloud = undo.use(buildCloud(scenario, clock, random))
  progress(`booting ${scenario.instances.length} instances`)
  for (const instance of scenario.instances) launchInstance(cloud.core, scenario, instance)
  const fabric = undo.use(await startFabric(context, kernel))
  const logger = log.child({ part: "fabric" })
  undo.use(await followCloud({ cloud, fabric, vpcId: scenario.vpc.id, logger }))
  const owned = undo.move()
  return { cloud, fabric, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** The cloud provider's part of the node controllers, which no control plane brings with it. */
function removeLostNodes(context: WorldContext, kube: Kube, cloud: Cloud): void {
  const { clock, log } = context
  const controller = "cloud-node-lifecycle-controller"
  const record = recordEvents({ kube, clock, log, controller, instance: "lab" })
  startCloudNodeLoop({ ...context, kube, record }, cloudInstances(cloud))
}

function startFabric(
  { input, clock, log }: WorldContext,
  kernel: Kernel | undefined,
): Fabric | Promise<Fabric> {
  if (!kernel) return createHollowFabric()
  const linkDelayMs = input.scenario.latency.linkVisible
  return createFabric({ kernel, clock, linkDelayMs, logger: log.child({ part: "fabric" }) })
}

/** Berth's own images. Only the controller has credentials and knows where EC2 is, as with IAM roles for accounts. */
function programsOf(
  { input: { scenario }, scripts = fromSources }: WorldContext,
  { hollow, ec2Url }: { hollow: boolean; ec2Url: string },
): Program[] {
  const ports = (port: number) => (folder: string) =>
    hollow
      ? {
          BERTH_METRICS_BIND_ADDRESS: `unix:${portSocket(folder, port)}`,
          BERTH_WEBHOOK_BIND_ADDRESS: `unix:${portSocket(folder, 9443)}`,
        }
      : {}
  return [
    {
      image: imageNamed("berth-agent"),
      script: scripts.agent,
      env: (folder) => ({ ...ports(61678)(folder), ...(hollow ? { BERTH_KERNEL: "memory" } : {}) }),
    },
    {
      image: imageNamed("berth-controller"),
      script: scripts.controller,
      env: (folder) => ({
        ...ports(8080)(folder),
        AWS_ENDPOINT_URL: ec2Url,
        AWS_REGION: scenario.region,
        AWS_ACCESS_KEY_ID: controllerKey,
        AWS_SECRET_ACCESS_KEY: "lab",
      }),
    },
  ]
}

const versionOf = async ({ kube }: Kubernetes): Promise<string> =>
  ((await kube.raw("/version")) as { gitVersion?: string }).gitVersion ?? "v1.35.0"

const vpcCniManifests = [
  ...["cninode", "eniconfig", "securitygrouppolicy"].map((kind) => `crds/${kind}.yaml`),
  "src/lab/vpc-cni/aws-node.yaml",
]

/** What EKS installs in a new cluster. */
async function installVpcCni(context: WorldContext, kube: Kube): Promise<void> {
  const texts = vpcCniManifests.map((path) => readFileSync(join(root, path), "utf8"))
  await applyManifests({ ...context, kube }, readManifests(...texts))
}

/** Definitions and manifests, as an operator applies them. */
async function installBerth({ input, ...context }: WorldContext, kube: Kube): Promise<void> {
  await applyManifests({ ...context, kube }, readManifestFolder(join(root, "crds")))
  const { clusterName, agentEnvironment = {} } = input.scenario
  const objects = readManifestFolder(join(root, "deploy"))
    .map((o) => named(o, clusterName))
    .map((o) => (o.kind === "DaemonSet" ? withVariables(o as DaemonSet, agentEnvironment) : o))
  await applyManifests({ ...context, kube }, objects)
}

const makesPods = ({ kind, ...object }: KubeObject): boolean =>
  kind === "Pod" || Object.hasOwn((object as { spec?: object }).spec ?? {}, "template")

/** The one value that deploy/ leaves to the operator. */
function named(object: KubeObject, clusterName: string): KubeObject {
  const text = JSON.stringify(object)
  return JSON.parse(
    text.replaceAll(
      '{"name":"CLUSTER_NAME","value":""}',
      JSON.stringify({ name: "CLUSTER_NAME", value: clusterName }),
    ),
  ) as KubeObject
}

function withVariables(set: DaemonSet, variables: Readonly<Record<string, string>>): DaemonSet {
  const result = structuredClone(set)
  for (const container of result.spec.template.spec.containers) {
    const others = container.env?.filter((e) => !Object.hasOwn(variables, e.name)) ?? []
    const own = Object.entries(variables).map(([name, value]) => ({ name, value }))
    container.env = [...others, ...own]
  }
  return result
}

/** Resolves when the scenario's nodes are Ready, or have taken too long for that. */
async function nodesReady(
  { clock, signal, progress, input }: WorldContext,
  kube: Kube,
): Promise<void> {
  const wanted = input.scenario.instances.length
  const deadline = clock.now() + nodesReadyMs
  let last = -1
  while (clock.now() < deadline) {
    const { items } = await kube.list(nodes)
    const ready = items.filter((n) =>
      n.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True"),
    ).length
    if (ready !== last) progress(`${ready} of ${wanted} nodes are ready`)
    last = ready
    if (ready >= wanted) return
    await clock.sleep(50, signal)
  }
}
