import type { Ec2 } from "../ec2/ec2.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail, isError } from "../errors/catalogue.ts"
import type { Action } from "../ipam/actions.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"
import { WorkQueue } from "../kube/work-queue.ts"
import { announceMissingRights, announceStatus } from "./announce.ts"
import { auditRegularly } from "./audit.ts"
import { CloudFacts, type OnSubnet } from "./cloud-facts.ts"
import type { LeakMode } from "./config.ts"
import type { ControllerMetrics } from "./controller-metrics.ts"
import { Departures } from "./departures.ts"
import { ENIConfigReconciler } from "./eniconfig-reconciler.ts"
import type { Measured } from "./gauges.ts"
import type { ControllerInformers, ControllerPorts } from "./informers.ts"
import { InstanceLoader } from "./instance-loader.ts"
import { LeakSweeper } from "./leak-sweeper.ts"
import { NodeCalls } from "./node-calls.ts"
import { NodeReconciler } from "./node-reconciler.ts"
import type { NodeState } from "./node-state.ts"
import { SubnetSupplies } from "./subnet-supply.ts"
import { addressesOn } from "./tally.ts"
import { watchChanges } from "./watch-changes.ts"

export interface TermOptions extends ControllerPorts {
  ec2: Ec2
  informers: ControllerInformers
  recorder: EventRecorder
  metrics: ControllerMetrics
  clusterName: string | undefined
  leaks: LeakMode
  /** EC2 has throttled calls lately. */
  isThrottled: () => boolean
}

/** Nodes decided on at the same time: decisions wait for the API server and EC2, not for the processor. */
const nodeConcurrency = 32
/** Above EKS's largest clusters; what is refused beyond it comes back with the next change or audit. */
const queueLimit = 20_000
/** Changes of nodes are gathered for so long before the objects that they use are counted anew. */
const gatherMs = 200

/** Leads until the signal aborts. Whatever the controller knows is made anew for every term. */
export async function serveTerm(
  options: TermOptions,
  signal: AbortSignal,
  /** Told what can be measured of the term. */
  onStart: (measured: Measured) => void = () => {},
): Promise<void> {
  const { informers } = options
  await Promise.all(Object.values(informers).map((informer) => informer.synced()))
  const term = makeTerm(options, signal)
  onStart(term)
  const subscriptions = watchChanges(informers, term)
  const auditing = auditRegularly(term.audit, signal)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve(), { once: true })
  })
  for (const end of subscriptions) end()
  await auditing
  await term.nodes.drained()
  await term.configs.drained()
  await term.calls.drained()
}

function makeTerm(options: TermOptions, signal: AbortSignal) {
  const { ec2, kube, clock, random, log, informers, recorder, clusterName, metrics } = options
  const states = () => reconciler.states()
  const changed = (node: string) => void nodes.add(node)
  const heldIn = (subnetID: string) => heldBy(states(), subnetID)
  const supplies = new SubnetSupplies({ clock, random, heldIn })
  const onSubnet: OnSubnet = (...seen) => supplies.observe(...seen)
  const facts = new CloudFacts({ ec2, clock, signal, onSubnet })
  const onFailure = (state: NodeState, action: Action | undefined, error: Error) => {
    const code = error instanceof BerthError ? error.code : "other"
    metrics.berth_controller_call_failures_total.inc({ call: action?.do ?? "resume", code })
    const node = informers.nodes.get(state.name)
    if (isError(error, "ec2/unauthorized") && node.state === "known")
      announceMissingRights(recorder, node.object, error)
  }
  const calls = new NodeCalls({
    ...{ ec2, clock, log, random, facts, supplies, clusterName, signal, changed, onFailure },
  })
  const loader = new InstanceLoader({
    ...{ ec2, signal, now: () => clock.now() },
    loaded: (instanceID, result) => {
      const state = reconciler.stateOfInstance(instanceID)
      if (!state) return
      if (result instanceof Error) onFailure(state, undefined, result)
      state.observation = result
      changed(state.name)
    },
  })
  const reconciler = new NodeReconciler({
    ...{ kube, clock, log, clusterName, facts, supplies, loader, calls },
    nodes: informers.nodes,
    nodeNetworks: informers.nodeNetworks,
    placements: informers,
    departures: new Departures({ kube, ec2, clock, log, signal }),
    isThrottled: options.isThrottled,
    instanceTypeOf: (id) => instanceTypeOf(ec2, id, signal),
    onStatus: (node, before, after) => {
      announceStatus(recorder, informers, node, before, after)
      for (const name of configsOf(before, after)) configs.addAfter(name, gatherMs)
    },
  })
  const eniConfigs = new ENIConfigReconciler({
    ...{ kube, clock, facts, supplies, states, configs: informers.eniConfigs },
    hasNodes: () => informers.nodeNetworks.size > 0,
  })
  const queue = (decide: (key: string) => Promise<number | undefined>, what: string) =>
    new WorkQueue({
      ...{ clock, random, signal, limit: queueLimit, concurrency: nodeConcurrency },
      work: (key) => timed(options, what, () => decide(key)),
      onError: (key, error, retryInMs) => {
        log.warn("no decision", { [what]: key, error: (error as Error).message, retryInMs })
      },
    })
  const nodes: WorkQueue = queue((name) => reconciler.reconcile(name), "node")
  const configs: WorkQueue = queue((name) => eniConfigs.reconcile(name), "eniConfig")
  const sweeper = new LeakSweeper({
    ...{ ec2, clock, log, metrics, clusterName, signal, states, mode: options.leaks },
    objects: () => informers.nodeNetworks.list(),
  })
  const refreshed = () => {
    for (const { metadata } of informers.eniConfigs.list()) configs.add(metadata.name)
  }
  const audit = { clock, random, log, states, facts, loader, sweeper, refreshed }
  const stateOf = (name: string) => reconciler.state(name)
  const queueDepth = () => nodes.depth
  return { nodes, configs, calls, audit, stateOf, states, supplies, queueDepth }
}

async function timed<T>(
  { clock, metrics }: TermOptions,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = clock.now()
  let result = "error"
  try {
    const value = await work()
    result = "ok"
    return value
  } finally {
    const seconds = (clock.now() - startedAt) / 1000
    metrics.berth_controller_reconcile_seconds.observe(seconds, { what, result })
  }
}

async function instanceTypeOf(ec2: Ec2, id: string, signal: AbortSignal): Promise<string> {
  const [instance] = await ec2.describeInstances({ ids: [id] }, { signal })
  if (!instance) throw fail("ec2/not-found", { resource: id })
  return instance.type
}

function heldBy(states: Iterable<NodeState>, subnetID: string): number {
  let held = 0
  for (const { interfaces } of states)
    for (const iface of interfaces) if (iface.subnetID === subnetID) held += 1 + addressesOn(iface)
  return held
}

/** The ENIConfigs whose figures two statuses of a node concern. */
function configsOf(...statuses: (NodeState["written"] | undefined)[]): Set<string> {
  const objects = statuses.flatMap((status) => [
    ...(status?.interfaces ?? []).flatMap((iface) => iface.object ?? []),
    ...(status?.binding ? [`ENIConfig/${status.binding.name}`] : []),
  ])
  return new Set(objects.flatMap((o) => (o.startsWith("ENIConfig/") ? o.slice(10) : [])))
}
