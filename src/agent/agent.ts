import type { Clock } from "../clock.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"
import type { Kube } from "../kube/kube.ts"
import type { AddressBook } from "./address-book.ts"
import { endpoints } from "./agent-endpoints.ts"
import type { AgentLog } from "./agent-log.ts"
import { agentParts } from "./agent-parts.ts"
import { requestFeatures } from "./cninode-features.ts"
import type { AgentConfig, Notice } from "./config.ts"
import type { Disk } from "./disk.ts"
import type { NodeObjects } from "./node-objects.ts"
import { installConflist, installPlugin } from "./plugin-install.ts"
import { notReady, unavailable } from "./readiness.ts"
import type { Supply } from "./supply.ts"
import { upkeep } from "./upkeep.ts"

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

/** What the API says is waited for so long at a start; then what was last known counts. */
const freshMs = 500

/** Starts the node agent; resolves once CNI calls are answered. */
export async function startAgent(d: AgentDeps): Promise<Agent> {
  const startedAt = d.clock.monotonic()
  await using cleanup = new AsyncDisposableStack()
  const stop = new AbortController()
  cleanup.defer(() => stop.abort(new Error("the agent stops")))
  const parts = agentParts(d, stop.signal, cleanup)
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
    askForBranches(d, parts),
    upkeep({ calls, clock, keeper, traffic, signal, wired: d.plug === undefined }),
    offerNetwork(d, () => unavailable(readiness()), signal).then((offered) => {
      if (!offered) return
      const seconds = (clock.monotonic() - startedAt) / 1000
      const { awscni_ipamd_node_initialization_duration_seconds: took } = parts.metrics
      took.observe(seconds, { success: "true" })
    }),
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

/** A kernel that cannot make their links asks for none: the control plane then offers the scheduler none. */
async function askForBranches(
  { config, log }: AgentDeps,
  { deps, branches, supply }: ReturnType<typeof agentParts>,
): Promise<void> {
  if (!config.values.ENABLE_POD_ENI) return
  const why = branches.obstacle
  if (why !== undefined) {
    log.logger.warn("no branch interfaces are asked for", { why })
    return
  }
  const { customNetworking } = config.mode
  const status = () => supply.status
  await requestFeatures({ ...deps, nodeName: config.nodeName, customNetworking, status })
}

/** How often it is looked whether the node can attach pods, until it can. */
const offerEveryMs = 100
const retryMs = 5_000

/**
 * Writes the CNI configuration as soon as pods can be attached: only then may the runtime say the node is ready. False:
 * the agent was stopped before.
 */
async function offerNetwork(
  { config, clock, log }: AgentDeps,
  why: () => string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
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
      return true
    } catch (error) {
      log.logger.error("the CNI configuration cannot be written", { why: (error as Error).message })
      await clock.sleep(retryMs, signal).catch(() => {})
    }
  }
  return false
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
