import { join } from "node:path"
import { type NodeNetworkStatus, nodePlacement, type PlacementKey } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { EventRecorder } from "../kube/event-recorder.ts"
import type { Kube } from "../kube/kube.ts"
import { parsePlacementKey } from "../placement/placement.ts"
import { AddressBook } from "./address-book.ts"
import { endpoints } from "./agent-endpoints.ts"
import type { AgentLog } from "./agent-log.ts"
import { agentMetrics } from "./agent-metrics.ts"
import type { CallContext } from "./calls/context.ts"
import { importCheckpoint } from "./checkpoint-import.ts"
import type { AgentConfig, Notice } from "./config.ts"
import type { Disk } from "./disk.ts"
import { InterfaceKeeper } from "./interface-keeper.ts"
import { KeyedLock } from "./keyed-lock.ts"
import { LastKnownFile } from "./last-known.ts"
import { isolatedVethPrefix } from "./network/tables.ts"
import { type KubeDeps, type NodeObjects, watchNodeObjects } from "./node-objects.ts"
import { installConflist, installPlugin } from "./plugin-install.ts"
import { PodPlacements } from "./pod-placements.ts"
import { notReady, type ReadinessInput, unavailable } from "./readiness.ts"
import { Supply } from "./supply.ts"
import { TrafficKeeper } from "./traffic-keeper.ts"
import { upkeep } from "./upkeep.ts"
import { countWaiting } from "./waiting-pods.ts"

export interface AgentDeps {
  config: AgentConfig
  notices: readonly Notice[]
  kube: Kube
  kernel: Kernel
  /** For the in-memory kernel: makes an ENI appear. Nothing is wired then. */
  plug?: (mac: string) => void
  disk: Disk
  clock: Clock
  random: () => number
  log: AgentLog
  version: string
}

export interface Agent extends AsyncDisposable {
  readonly book: AddressBook
  readonly supply: Supply
  /** Why a pod started now would get no address; undefined when it would. */
  notReady(): string | undefined
}

/** An ADD waits at most this long for supply. */
const addWaitMs = 20_000
/** What the API says is waited for so long at a start; then what was last known counts. */
const freshMs = 500

/** Starts the node agent; resolves once CNI calls are answered. */
export async function startAgent(d: AgentDeps): Promise<Agent> {
  await using cleanup = new AsyncDisposableStack()
  const stop = new AbortController()
  cleanup.defer(() => stop.abort(new Error("the agent stops")))
  const parts = assemble(d, stop.signal, cleanup)
  const { book, supply, calls, keeper, traffic, objects, readiness } = parts
  const values = d.config.values
  const socket = values.BERTH_HOST_SOCKET || values.BERTH_SOCKET
  const [relay] = await Promise.all([
    installPlugin(values.HOST_CNI_BIN_PATH, socket),
    Promise.race([objects.nodeNetwork.synced(), d.clock.sleep(freshMs, stop.signal)]),
  ])
  supply.start()
  await endpoints({ ...d, ...parts, cleanup, notReady: () => notReady(readiness()) })
  d.log.logger.info("agent serves CNI calls", { node: d.config.nodeName, plugin: relay.kind })
  const { clock } = d
  const { signal } = stop
  const done = Promise.all([
    upkeep({ calls, clock, keeper, traffic, signal, wired: d.plug === undefined }),
    offerNetwork(d, () => unavailable(readiness()), signal),
    supply.done,
  ])
  tellNotices(d, objects, parts.events)
  const rest = cleanup.move()
  return {
    book,
    supply,
    notReady: () => notReady(readiness()),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the agent stops"))
      book.endWaits()
      await done
      await rest.disposeAsync()
    },
  }
}

/** Makes the parts and ties them together; what must be closed goes to `cleanup`. */
function assemble(d: AgentDeps, signal: AbortSignal, cleanup: AsyncDisposableStack) {
  const { config, kernel, clock, disk } = d
  const log = d.log.logger
  const values = config.values
  const metrics = agentMetrics()
  metrics.awscni_build_info.set(1, { version: d.version, goversion: `node ${process.version}` })
  const deps: KubeDeps = { kube: d.kube, clock, random: d.random, log, signal }
  const lastKnown = new LastKnownFile({ disk, path: stateFile(config, "last-known.json"), log })
  cleanup.defer(() => lastKnown.flush())
  const link = {
    mtu: values.POD_MTU ?? values.AWS_VPC_ENI_MTU,
    vethPrefix: values.AWS_VPC_K8S_CNI_VETHPREFIX,
  }
  // Only pods that chose security groups: an ENI of the node's own placement has the node's traffic to think of.
  const isolates = (placement: PlacementKey) =>
    values.POD_SECURITY_GROUP_ENFORCING_MODE === "strict" &&
    parsePlacementKey(placement)?.groups !== undefined
  const [book, damaged] = AddressBook.open(
    {
      disk,
      path: stateFile(config, "journal.jsonl"),
      config: { ...config.mode, cooldownMs: config.cooldownMs },
      node: config.nodeName,
      clock,
      waitMs: addWaitMs,
      held: (placement) => supply.held(placement),
      refusal: (placement, shortage) => supply.refusal(placement, shortage),
      changed: () => supply.changed(),
    },
    () => importCheckpoint(readText(disk, values.AWS_VPC_K8S_CNI_BACKING_STORE), kernel.host, link),
  )
  cleanup.use(book)
  if (damaged > 0)
    log.error("the journal is damaged; lost lines are looked for in the kernel", { damaged })
  const keeper = cleanup.use(
    new InterfaceKeeper({
      kernel,
      clock,
      log,
      mtu: values.AWS_VPC_ENI_MTU,
      isolates,
      opened: (id, open) => book.setOpen(id, open),
      repaired: () => metrics.berth_kernel_repairs_total.inc({ what: "interface" }),
      plug: d.plug,
    }),
  )
  const traffic = new TrafficKeeper({ kernel, values, metrics, log })
  const objects = watchNodeObjects(config.nodeName, deps)
  const placements = new PodPlacements(deps, objects, lastKnown)
  const instance = values.MY_POD_NAME || config.nodeName
  const events = new EventRecorder({ ...deps, controller: "berth.dev/agent", instance })
  const supply: Supply = new Supply({
    ...deps,
    config,
    book,
    keeper,
    objects,
    placements,
    lastKnown,
    events,
    metrics,
    accepted: (status: NodeNetworkStatus) => void traffic.update(status),
  })
  const readiness = (): ReadinessInput => ({
    pool: book.pool,
    status: supply.status,
    refusal: supply.refusal(nodePlacement, book.pool.shortage(nodePlacement)),
    waiting: [...countWaiting(supply.waiting).values()].reduce((a, b) => a + b, 0),
  })
  const calls: CallContext = {
    book,
    kernel,
    metrics,
    log,
    linkFor: (placement: PlacementKey) =>
      isolates(placement) ? { ...link, vethPrefix: isolatedVethPrefix, isolated: true } : link,
    locks: new KeyedLock(),
    placementOf: (pod) => placements.of(pod),
    unavailable: () => unavailable(readiness()),
  }
  return { book, supply, calls, keeper, traffic, objects, metrics, events, readiness }
}

const stateFile = (config: AgentConfig, name: string) => join(config.values.BERTH_STATE_DIR, name)

const readText = (disk: Disk, path: string) => disk.read(path)?.toString()

/** How often it is looked whether the node can attach pods, until it can. */
const offerEveryMs = 100
const retryMs = 5_000

/** Writes the CNI configuration as soon as pods can be attached: only then may the runtime say the node is ready. */
async function offerNetwork(
  { config, clock, log }: AgentDeps,
  why: () => string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { values } = config
  let told: string | undefined
  while (!signal.aborted) {
    const reason = why()
    if (reason === undefined) break
    if (reason !== told) log.logger.info("the node cannot attach pods yet", { why: reason })
    told = reason
    await clock.sleep(offerEveryMs, signal).catch(() => {})
  }
  while (!signal.aborted) {
    try {
      installConflist(values.HOST_CNI_CONFDIR_PATH, {
        binFolder: values.HOST_CNI_BIN_PATH,
        bandwidth: values.ENABLE_BANDWIDTH_PLUGIN,
        disableIPv6: values.DISABLE_POD_V6,
      })
      log.logger.info("the node can attach pods")
      return
    } catch (error) {
      log.logger.error("the CNI configuration cannot be written", { why: (error as Error).message })
      await clock.sleep(retryMs, signal).catch(() => {})
    }
  }
}

/** What of the environment is not acted on as written: in the log, and as an event where users look for it. */
function tellNotices(
  { config, notices, log }: AgentDeps,
  objects: NodeObjects,
  events: EventRecorder,
) {
  for (const { variable, received, message } of notices) {
    log.logger.warn("environment variable not acted on as written", { variable, received, message })
  }
  const tell = () => {
    const read = objects.node.get(config.nodeName)
    if (read.state !== "known") return
    for (const { variable, received, message } of notices) {
      const note = `aws-node: ${variable}="${received}": ${message}`
      const event = {
        type: "Warning",
        reason: "EnvironmentNotServed",
        action: "Configure",
      } as const
      events.record({ regarding: read.object, ...event, note })
    }
  }
  objects.node.synced().then(tell, () => {})
}
