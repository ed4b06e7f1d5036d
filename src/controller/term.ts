import type { Node } from "../api/core.ts"
import type { NodeNetworkStatus } from "../api/nodenetwork.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail, isError } from "../errors/catalogue.ts"
import type { Action } from "../ipam/actions.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"
import { WorkQueue } from "../kube/work-queue.ts"
import { CloudFacts } from "./cloud-facts.ts"
import type { ControllerMetrics } from "./controller-metrics.ts"
import { type ControllerInformers, type ControllerPorts, sameMeaning } from "./informers.ts"
import { InstanceLoader } from "./instance-loader.ts"
import { NodeCalls } from "./node-calls.ts"
import { nodeEvents } from "./node-events.ts"
import { NodeReconciler } from "./node-reconciler.ts"
import type { NodeState } from "./node-state.ts"
import { SubnetSupplies } from "./subnet-supply.ts"

export interface TermOptions extends ControllerPorts {
  ec2: Ec2
  informers: ControllerInformers
  recorder: EventRecorder
  metrics: ControllerMetrics
  clusterName: string | undefined
  /** Nodes decided on at the same time. Decisions wait for the API server and EC2, not for the processor. */
  concurrency?: number
}

const defaultConcurrency = 32
/** Above EKS's largest clusters; beyond it nodes wait for the next change or audit. */
const queueLimit = 20_000
/** EC2's refusals for exceeding its request limits show in status for so long. */
const throttledMs = 60_000

/** Leads until the signal aborts: everything the controller knows and does, made anew for every term. */
export async function serveTerm(options: TermOptions, signal: AbortSignal): Promise<void> {
  const term = makeTerm(options, signal)
  const { informers } = options
  await Promise.all(Object.values(informers).map((informer) => informer.synced()))
  const unsubscribe = term.watch()
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve(), { once: true })
  })
  for (const stop of unsubscribe) stop()
  await term.queue.drained()
  await term.calls.drained()
}

function makeTerm(options: TermOptions, signal: AbortSignal) {
  const { ec2, kube, clock, random, log, informers, recorder, clusterName, metrics } = options
  let throttledAt = Number.NEGATIVE_INFINITY
  const facts = new CloudFacts(ec2, clock, signal)
  const heldIn = (subnetID: string) => heldBy(reconciler.states(), subnetID)
  const supplies = new SubnetSupplies({ facts, clock, random, heldIn })
  const changed = (node: string) => void queue.add(node)
  const onFailure = (state: NodeState, action: Action | undefined, error: Error) => {
    const code = error instanceof BerthError ? error.code : "other"
    metrics.berth_controller_call_failures_total.inc({ call: action?.do ?? "resume", code })
    if (isError(error, "ec2/throttled")) throttledAt = clock.now()
    if (isError(error, "ec2/unauthorized")) missingRights(recorder, informers, state.name, error)
  }
  const calls = new NodeCalls({
    ...{ ec2, clock, log, random, facts, supplies, clusterName, signal, changed, onFailure },
  })
  const loader = new InstanceLoader({
    ec2,
    signal,
    now: () => clock.now(),
    loaded: (instanceID, result) => {
      const state = reconciler.stateOfInstance(instanceID)
      if (!state) return
      state.observation = result
      changed(state.name)
    },
  })
  const reconciler = new NodeReconciler({
    ...{ kube, clock, log, clusterName, facts, supplies, loader, calls },
    nodes: informers.nodes,
    nodeNetworks: informers.nodeNetworks,
    placements: informers,
    isThrottled: () => clock.now() - throttledAt < throttledMs,
    instanceTypeOf: async (id) => {
      const [instance] = await ec2.describeInstances({ ids: [id] }, { signal })
      if (!instance) throw fail("ec2/not-found", { resource: id })
      return instance.type
    },
    departed: async () => undefined,
    onStatus: (node, before, after) => announce(recorder, informers, node, before, after),
  })
  const queue: WorkQueue = new WorkQueue({
    clock,
    random,
    concurrency: options.concurrency ?? defaultConcurrency,
    limit: queueLimit,
    signal,
    work: (node) => reconciler.reconcile(node),
    onError: (node, error, retryInMs) => {
      if (isError(error, "ec2/throttled")) throttledAt = clock.now()
      log.warn("a node could not be decided on", {
        ...{ node, error: (error as Error).message, retryInMs },
      })
    },
  })
  return { queue, calls, watch: () => watchAll(informers, queue, reconciler) }
}

/** Marks the nodes that a change concerns. Changes of placement objects are rare, so they may cost a walk. */
function watchAll(
  informers: ControllerInformers,
  queue: WorkQueue,
  reconciler: NodeReconciler,
): (() => void)[] {
  const everyNode = () => {
    for (const { metadata } of informers.nodeNetworks.list()) queue.add(metadata.name)
  }
  return [
    informers.nodeNetworks.onChange(({ key, object, previous }) => {
      // The controller's own writes of status come back as changes, too.
      const onlyStatus = object?.metadata.generation === previous?.metadata.generation
      if (!object || !previous || !onlyStatus) queue.add(key)
    }),
    informers.nodes.onChange(({ key, object, previous }) => {
      if (!sameMeaning(object, previous)) queue.add(key)
    }),
    informers.eniConfigs.onChange(({ key, object, previous }) => {
      if (object && object.metadata.generation === previous?.metadata.generation) return
      for (const { metadata, status } of informers.nodeNetworks.list()) {
        const bound = reconciler.state(metadata.name)?.written?.binding ?? status?.binding
        if (bound === undefined || bound.name === key) queue.add(metadata.name)
      }
    }),
    informers.pools.onChange(({ object, previous }) => {
      if (object && object.metadata.generation === previous?.metadata.generation) return
      everyNode()
    }),
    informers.policies.onChange(everyNode),
  ]
}

function heldBy(states: Iterable<NodeState>, subnetID: string): number {
  let held = 0
  for (const state of states)
    for (const iface of state.interfaces)
      if (iface.subnetID === subnetID)
        held += 1 + iface.addresses.length + iface.prefixes.length * 16
  return held
}

/** Tells what a new status says on the node and on the object that it concerns. */
function announce(
  recorder: EventRecorder,
  informers: ControllerInformers,
  node: Node,
  before: NodeNetworkStatus | undefined,
  after: NodeNetworkStatus,
): void {
  for (const { object, ...event } of nodeEvents(before, after)) {
    recorder.record({ ...event, regarding: node })
    const [kind, name = ""] = object?.split("/") ?? []
    const informer =
      kind === "ENIConfig"
        ? informers.eniConfigs
        : kind === "SubnetPool"
          ? informers.pools
          : undefined
    const found = informer?.get(name)
    if (found?.state === "known") recorder.record({ ...event, regarding: found.object })
  }
}

/** The one event that the original knows, under its own reason. */
function missingRights(
  recorder: EventRecorder,
  informers: ControllerInformers,
  name: string,
  error: BerthError,
): void {
  const node = informers.nodes.get(name)
  if (node.state !== "known") return
  const { action } = error.detail as { action: string }
  recorder.record({
    regarding: node.object,
    type: "Warning",
    reason: "MissingIAMPermissions",
    action: "CallEC2",
    note: `${error.message} (ec2:${action}). ${error.hint}`,
  })
}
