import type { Node } from "../api/core.ts"
import type { NodeNetworkStatus } from "../api/nodenetwork.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail, isError } from "../errors/catalogue.ts"
import type { Action } from "../ipam/actions.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"
import { WorkQueue } from "../kube/work-queue.ts"
import { boundObject } from "../placement/binding.ts"
import { announceMissingRights, announceStatus } from "./announce.ts"
import { type AuditOptions, auditRegularly } from "./audit.ts"
import { CloudFacts, type OnSubnet } from "./cloud-facts.ts"
import type { ClusterName } from "./cluster-name.ts"
import type { LeakMode } from "./config.ts"
import type { ControllerMetrics } from "./controller-metrics.ts"
import { Departures } from "./departures.ts"
import { ENIConfigReconciler } from "./eniconfig-reconciler.ts"
import type { Measured } from "./gauges.ts"
import type { ControllerInformers, ControllerPorts } from "./informers.ts"
import { InstanceLoader, type Observation } from "./instance-loader.ts"
import { LeakSweeper } from "./leak-sweeper.ts"
import { NodeCalls } from "./node-calls.ts"
import { NodeReconciler } from "./node-reconciler.ts"
import type { NodeState } from "./node-state.ts"
import { PoolReconciler } from "./pool-reconciler.ts"
import { QuotaBook } from "./quota-book.ts"
import { StickyMoves } from "./sticky-moves.ts"
import { SubnetSupplies } from "./subnet-supply.ts"
import { SubnetSurvey } from "./subnet-survey.ts"
import { addressesOn } from "./tally.ts"
import { watchChanges } from "./watch-changes.ts"

export interface TermOptions extends ControllerPorts {
  ec2: Ec2
  informers: ControllerInformers
  recorder: EventRecorder
  metrics: ControllerMetrics
  clusterName: ClusterName
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

/** Nodes are not kept waiting for the cluster's name for longer; it is looked for again at every audit. */
const findNameMs = 5_000

/** Leads until the signal aborts. Whatever the controller knows is made anew for every term. */
export async function serveTerm(
  options: TermOptions,
  signal: AbortSignal,
  /** Told what can be measured of the term. */
  onStart: (measured: Measured) => void = () => {},
): Promise<void> {
  const { informers, clusterName, clock } = options
  await Promise.all(Object.values(informers).map((informer) => informer.synced()))
  await Promise.race([clusterName.find(signal), clock.sleep(findNameMs, signal).catch(() => {})])
  const term = new Term(options, signal)
  onStart(term)
  const subscriptions = watchChanges(informers, term)
  const auditing = auditRegularly(term.audit, signal)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve(), { once: true })
  })
  for (const end of subscriptions) end()
  await auditing
  await term.drained()
}

/** The parts of a term, and what they tell each other. */
class Term {
  readonly nodes: WorkQueue
  readonly configs: WorkQueue
  readonly pools: WorkQueue
  readonly supplies: SubnetSupplies
  readonly audit: AuditOptions
  readonly #options: TermOptions
  readonly #signal: AbortSignal
  readonly #facts: CloudFacts
  readonly #quotas: QuotaBook
  readonly #calls: NodeCalls
  readonly #loader: InstanceLoader
  readonly #reconciler: NodeReconciler

  constructor(options: TermOptions, signal: AbortSignal) {
    const { ec2, clock, random, log, informers } = options
    this.#options = options
    this.#signal = signal
    this.supplies = new SubnetSupplies({ clock, random, heldIn: (id) => heldBy(this.states(), id) })
    const onSubnet: OnSubnet = (...seen) => this.supplies.observe(...seen)
    this.#facts = new CloudFacts({ ec2, clock, signal, onSubnet })
    this.#quotas = this.#makeQuotas()
    this.#calls = this.#makeCalls()
    this.#loader = new InstanceLoader({
      ...{ ec2, signal, now: () => clock.now() },
      loaded: (instanceID, result) => this.#loaded(instanceID, result),
    })
    this.#reconciler = this.#makeReconciler()
    this.nodes = this.#queue("node", (name) => this.#reconciler.reconcile(name))
    const eniConfigs = this.#makeENIConfigs()
    this.configs = this.#queue("eniConfig", (name) => eniConfigs.reconcile(name))
    const subnetPools = this.#makePools()
    this.pools = this.#queue("subnetPool", (name) => subnetPools.reconcile(name))
    this.audit = {
      ...{ clock, random, log, facts: this.#facts, loader: this.#loader },
      clusterName: options.clusterName,
      states: () => this.states(),
      sweeper: this.#makeSweeper(),
      refreshed: () => {
        for (const { metadata } of informers.eniConfigs.list()) this.configs.add(metadata.name)
        for (const { metadata } of informers.pools.list()) this.pools.add(metadata.name)
      },
    }
  }

  states(): Iterable<NodeState> {
    return this.#reconciler.states()
  }

  stateOf(node: string): NodeState | undefined {
    return this.#reconciler.state(node)
  }

  queueDepth(): number {
    return this.nodes.depth
  }

  /** Resolves when nothing is under way; call it after the signal has aborted. */
  async drained(): Promise<void> {
    await Promise.all([this.nodes.drained(), this.configs.drained(), this.pools.drained()])
    await this.#calls.drained()
  }

  #makeCalls(): NodeCalls {
    const { ec2, clock, log, random, clusterName } = this.#options
    return new NodeCalls({
      ...{ ec2, clock, log, random, clusterName, facts: this.#facts, supplies: this.supplies },
      signal: this.#signal,
      changed: (node) => void this.nodes.add(node),
      onFailure: (state, action, error) => this.#failed(state, action, error),
    })
  }

  /** Starts from every record as the former term left it. */
  #makeQuotas(): QuotaBook {
    const { random, informers } = this.#options
    const quotas = new QuotaBook({
      random,
      quotaOf: (pool) => {
        const read = informers.pools.get(pool)
        return read.state === "known" ? read.object.spec.quotaPerNamespace : undefined
      },
      wake: (node) => void this.nodes.add(node),
    })
    for (const { metadata, spec, status } of informers.nodeNetworks.list()) {
      const { interfaces = [], quota } = status ?? {}
      quotas.load(metadata.name, { spec, interfaces, quota })
    }
    return quotas
  }

  #makeReconciler(): NodeReconciler {
    const { ec2, kube, clock, log, informers, clusterName, isThrottled } = this.#options
    const signal = this.#signal
    return new NodeReconciler({
      ...{ kube, clock, log, clusterName, isThrottled, facts: this.#facts },
      ...{ supplies: this.supplies, loader: this.#loader, calls: this.#calls },
      quotas: this.#quotas,
      moves: new StickyMoves({ clock, recorder: this.#options.recorder }),
      nodes: informers.nodes,
      nodeNetworks: informers.nodeNetworks,
      placements: informers,
      departures: new Departures({ kube, ec2, clock, log, signal }),
      instanceTypeOf: (id) => instanceTypeOf(ec2, id, signal),
      onStatus: (...change) => this.#stated(...change),
    })
  }

  #makeENIConfigs(): ENIConfigReconciler {
    const { kube, clock, informers } = this.#options
    return new ENIConfigReconciler({
      ...{ kube, clock, facts: this.#facts, supplies: this.supplies },
      configs: informers.eniConfigs,
      states: () => this.states(),
      hasNodes: () => informers.nodeNetworks.size > 0,
    })
  }

  #makePools(): PoolReconciler {
    const { ec2, kube, clock, log, informers } = this.#options
    const { supplies } = this
    return new PoolReconciler({
      ...{ kube, clock, facts: this.#facts, supplies, states: () => this.states() },
      quotas: this.#quotas,
      survey: new SubnetSurvey({ ec2, clock, log, supplies, signal: this.#signal }),
      pools: informers.pools,
      nodes: informers.nodes,
      nodeNetworks: informers.nodeNetworks,
      selectionChanged: () => {
        for (const { metadata } of informers.nodeNetworks.list()) this.nodes.add(metadata.name)
      },
    })
  }

  #makeSweeper(): LeakSweeper {
    const { ec2, clock, log, metrics, clusterName, leaks, informers } = this.#options
    return new LeakSweeper({
      ...{ ec2, clock, log, metrics, clusterName, mode: leaks, signal: this.#signal },
      states: () => this.states(),
      objects: () => informers.nodeNetworks.list(),
    })
  }

  #queue(what: string, decide: (key: string) => Promise<number | undefined>): WorkQueue {
    const { clock, random, log, metrics } = this.#options
    const timed = async (key: string) => {
      const startedAt = clock.now()
      let result = "error"
      try {
        const dueInMs = await decide(key)
        result = "ok"
        return dueInMs
      } finally {
        const seconds = (clock.now() - startedAt) / 1000
        metrics.berth_controller_reconcile_seconds.observe(seconds, { what, result })
      }
    }
    return new WorkQueue({
      ...{ clock, random, signal: this.#signal, work: timed },
      ...{ limit: queueLimit, concurrency: nodeConcurrency },
      onError: (key, error, retryInMs) => {
        log.warn("no decision", { [what]: key, error: (error as Error).message, retryInMs })
      },
    })
  }

  /** EC2 has shown, or refused to show, an instance's interfaces. */
  #loaded(instanceID: string, result: Observation | Error): void {
    const state = this.#reconciler.stateOfInstance(instanceID)
    if (!state) return
    if (result instanceof Error) this.#failed(state, undefined, result)
    state.observation = result
    this.nodes.add(state.name)
  }

  #failed(state: NodeState, action: Action | undefined, error: Error): void {
    const { metrics, informers, recorder } = this.#options
    const code = error instanceof BerthError ? error.code : "other"
    metrics.berth_controller_call_failures_total.inc({ call: action?.do ?? "resume", code })
    const node = informers.nodes.get(state.name)
    if (isError(error, "ec2/unauthorized") && node.state === "known")
      announceMissingRights(recorder, node.object, error)
  }

  /** A node's status was written: tell it, and count anew what it concerns. */
  #stated(node: Node, before: NodeNetworkStatus | undefined, after: NodeNetworkStatus): void {
    announceStatus(this.#options, node, before, after)
    for (const object of objectsOf(before, after)) {
      const [kind, name = ""] = object.split("/")
      if (kind === "ENIConfig") this.configs.addAfter(name, gatherMs)
      else if (kind === "SubnetPool") this.pools.addAfter(name, gatherMs)
    }
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

/** The objects whose figures two statuses of a node concern. */
function objectsOf(...statuses: (NodeNetworkStatus | undefined)[]): Set<string> {
  return new Set(
    statuses.flatMap((status) => [
      ...(status?.interfaces ?? []).flatMap((iface) => iface.object ?? []),
      ...(status?.placements ?? []).map((placement) => placement.object),
      ...(status?.binding ? [boundObject(status.binding)] : []),
    ]),
  )
}
