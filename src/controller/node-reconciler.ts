import type { Node } from "../api/core.ts"
import type { NodeNetwork, NodeNetworkStatus } from "../api/nodenetwork.ts"
import { nodeNetworks } from "../api/resources.ts"
import { fail } from "../errors/catalogue.ts"
import type { Informer } from "../kube/informer.ts"
import type { Kube } from "../kube/kube.ts"
import type { Logger } from "../log.ts"
import { throttledMs } from "./call-budget.ts"
import type { ClusterName } from "./cluster-name.ts"
import { createIntent } from "./create-intent.ts"
import {
  blockedBy,
  compareAt,
  type DecideInput,
  type DecideOptions,
  type Decision,
  decideNode,
  instanceMismatch,
  recheckMs,
  resolveOnNode,
} from "./decide-node.ts"
import type { Departures } from "./departures.ts"
import type { InstanceLoader } from "./instance-loader.ts"
import type { StartableCall } from "./node-calls.ts"
import { NodeState } from "./node-state.ts"
import { nodeStatus } from "./node-status.ts"
import { advertisePods, capacityChange, podPlacementKeys } from "./pod-resources.ts"
import type { StickyMoves } from "./sticky-moves.ts"
import { amountOf } from "./subnet-supply.ts"
import { takeIn } from "./take-in.ts"
import { StatusTaken, sameStatus, writeStatus } from "./write-status.ts"

export interface NodeReconcilerOptions extends DecideOptions {
  kube: Kube
  log: Logger
  clusterName: ClusterName
  nodes: Informer<Node>
  nodeNetworks: Informer<NodeNetwork>
  loader: InstanceLoader
  /** EC2 has throttled calls lately. */
  isThrottled: () => boolean
  /** The instance type of a node whose labels do not tell. */
  instanceTypeOf: (instanceID: string) => Promise<string>
  departures: Departures
  moves: StickyMoves
  /** A status was written that differs from the one before. */
  onStatus: (node: Node, before: NodeNetworkStatus | undefined, after: NodeNetworkStatus) => void
}

const unreadableMs = 5_000
const outrunMs = 50
/** Scheduling hints that could not be written are tried again after this long. */
const adviseMs = 60_000
/** A failure counts towards the next back-off for so long after its wait. */
const forgetMs = 600_000

interface Prepared {
  readonly start: StartableCall[]
  /** Intents noted. */
  readonly tokens: string[]
  /** Another node was quicker to take addresses that this plan counted on. */
  outrun: boolean
}

/** One node, from what is wanted to what is done: decide, remember, do. Steady state costs no call of any kind. */
export class NodeReconciler {
  readonly #options: NodeReconcilerOptions
  readonly #states = new Map<string, NodeState>()
  readonly #byInstance = new Map<string, NodeState>()

  constructor(options: NodeReconcilerOptions) {
    this.#options = options
  }

  states(): Iterable<NodeState> {
    return this.#states.values()
  }

  stateOfInstance(instanceID: string): NodeState | undefined {
    return this.#byInstance.get(instanceID)
  }

  state(node: string): NodeState | undefined {
    return this.#states.get(node)
  }

  /** Answers after how many milliseconds to look at the node again; undefined: when something changes. */
  async reconcile(name: string): Promise<number | undefined> {
    const read = this.#options.nodeNetworks.get(name)
    if (read.state === "unsynced") throw unreadable(`NodeNetwork ${name}`, read.why)
    if (read.state === "absent") {
      // Calls under way end with the state that began them, should the object be made anew meanwhile.
      if (!this.#states.get(name)?.running.size) this.#forget(name)
      this.#options.quotas.forget(name)
      this.#options.moves.note(name, [])
      return undefined
    }
    this.#options.moves.note(name, read.object.spec.sticky ?? [])
    const node = this.#options.nodes.get(name)
    if (node.state === "unsynced") throw unreadable(`Node ${name}`, node.why)
    if (node.state === "absent") return this.#departing(read.object)
    this.#options.departures.forget(name)
    const state = await this.#stateOf(read.object, node.object)
    if (!state) return undefined
    // The cache may be behind what was read when the state was made.
    const object = newer(read.object, state.firstRead)
    const { clock } = this.#options
    const mismatch = instanceMismatch(state, node.object)
    const verified = !mismatch && (await this.#verified(state, object))
    const obstacle = mismatch ?? state.obstacle
    if (!verified && !obstacle) return undefined
    const prepare = (decision: Decision) => this.#prepare(state, node.object, decision)
    const { decision, prepared } = await this.#decide(
      { state, object, node: node.object },
      { verified, obstacle },
      prepare,
    )
    if (!(await this.#recorded(state, object, node.object, { decision, prepared })))
      return undefined
    for (const call of prepared.start) this.#options.calls.start(state, call)
    if (verified && object.spec.mode.provisioning)
      this.#options.calls.resume(state, object, clock.now())
    const compare = compareAt(state, decision)
    if (compare !== undefined) state.doubt(compare)
    if (prepared.outrun) return outrunMs
    const times = [
      await this.#advertise({ state, object, node: node.object }, decision),
      this.#nextLook(state, decision),
    ].filter((time) => time !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Hints for the scheduler must not stand in the way of addresses: what fails here is only tried again. */
  async #advertise(input: DecideInput, { limits }: Decision): Promise<number | undefined> {
    const { kube, log, placements } = this.#options
    const { state, object, node } = input
    if (limits === undefined) return undefined
    try {
      const keys = podPlacementKeys(placements)
      const resolutions = await resolveOnNode(keys, this.#options, input)
      const { spec } = object
      const { interfaces } = state
      await advertisePods(
        kube,
        node,
        capacityChange(node, resolutions, { spec, limits, interfaces }),
      )
      return undefined
    } catch (error) {
      log.warn("the scheduler was not told what the node can serve", {
        node: state.name,
        why: (error as Error).message,
      })
      return adviseMs
    }
  }

  async #decide(
    input: DecideInput,
    { verified, obstacle }: { verified: boolean; obstacle: Error | undefined },
    prepare: (decision: Decision) => Prepared,
  ): Promise<{ decision: Decision; prepared: Prepared }> {
    if (verified) return decideNode(this.#options, input, prepare)
    const decision = blockedBy(this.#options, input, obstacle)
    return { decision, prepared: prepare(decision) }
  }

  #departing(object: NodeNetwork): Promise<number | undefined> {
    const { quotas, departures } = this.#options
    const { spec, status } = object
    const { interfaces = [], quota } = status ?? {}
    quotas.load(object.metadata.name, { spec, interfaces, quota, departed: true })
    return departures.follow(object)
  }

  #forget(name: string): void {
    const state = this.#states.get(name)
    this.#options.departures.forget(name)
    if (state && this.#byInstance.get(state.instanceID) === state)
      this.#byInstance.delete(state.instanceID)
    this.#states.delete(name)
  }

  async #recorded(
    state: NodeState,
    object: NodeNetwork,
    node: Node,
    { decision, prepared }: { decision: Decision; prepared: Prepared },
  ): Promise<boolean> {
    try {
      if (await this.#remember(state, object, node, decision)) return true
    } catch (error) {
      this.#undo(state, prepared)
      throw error
    }
    this.#undo(state, prepared)
    return false
  }

  /**
   * The node's state; made from the object as the API server has it now. A cache that is behind would show offers of
   * addresses that a former leader has given back and that pods may hold again by now.
   */
  async #stateOf(cached: NodeNetwork, node: Node): Promise<NodeState | undefined> {
    const { name } = cached.metadata
    let state = this.#states.get(name)
    if (state?.instanceID !== newer(cached, state?.firstRead).spec.instanceID) {
      this.#forget(name)
      const object = await this.#options.kube.get(nodeNetworks, name)
      if (!object) return undefined
      const { spec, status: { interfaces = [], quota } = {} } = object
      this.#options.quotas.load(name, { spec, interfaces, quota })
      state = new NodeState(object)
      this.#states.set(name, state)
    } else if (cached.metadata.uid !== state.firstRead.metadata.uid) {
      const object = await this.#options.kube.get(nodeNetworks, name)
      if (!object) return undefined
      const { spec, status: { quota } = {} } = object
      this.#options.quotas.load(name, { spec, interfaces: state.interfaces, quota })
      state.recordIn(object)
    }
    const label = node.metadata.labels?.["node.kubernetes.io/instance-type"]
    if (label) state.instanceType = label
    else if (!state.instanceType)
      state.instanceType = await this.#options.instanceTypeOf(state.instanceID)
    return state
  }

  /** Compares the record with EC2 when that is due. False: EC2 has not answered yet, or only refused. */
  async #verified(state: NodeState, object: NodeNetwork): Promise<boolean> {
    const { loader, clock } = this.#options
    const { observation } = state
    state.observation = undefined
    if (observation instanceof Error) {
      state.obstacle = observation
      state.verifyAt = clock.now() + unreadableMs
    } else if (observation) {
      state.obstacle = undefined
      await takeIn(observation, state, object, this.#options)
    }
    const first = state.verifiedAt === undefined
    const due = state.verifyAt === undefined ? first : state.verifyAt <= clock.now()
    this.#byInstance.set(state.instanceID, state)
    if (due) loader.request(state.instanceID, first ? "allocate" : "audit")
    return state.verifiedAt !== undefined
  }

  /**
   * Takes over what needs no call, sets aside what calls take from the subnets, notes what is about to be created, and
   * returns the calls to start. Nothing waits in here, so two nodes never plan on the same last address.
   */
  #prepare(state: NodeState, node: Node, { actions }: Decision): Prepared {
    const { calls, clock, supplies } = this.#options
    const now = clock.now()
    const prepared: Prepared = { start: [], tokens: [], outrun: false }
    for (const action of actions) {
      if (action.do === "mark") {
        state.update(action.interfaceID, () => ({ state: action.state }))
        continue
      }
      if (calls.isHeldBack(state, action, now)) continue
      const takes = action.do === "create" || action.do === "assign"
      const hold = takes ? supplies.reserve(action.subnetID, amountOf(action)) : undefined
      if (takes && !hold) {
        prepared.outrun = true
      } else if (action.do === "create") {
        const intent = createIntent(action, node.metadata.uid ?? state.instanceID, now)
        state.intents.set(intent.token, intent)
        prepared.tokens.push(intent.token)
        if (hold) calls.keep(intent.token, hold)
      } else prepared.start.push({ action, hold })
    }
    return prepared
  }

  /** The record could not be written: nothing of what was prepared is begun. */
  #undo(state: NodeState, { start, tokens }: Prepared): void {
    for (const { hold } of start) hold?.settle("refused")
    for (const token of tokens) this.#options.calls.abandon(state, token)
  }

  /** Writes the status when it differs. False: the object is gone, or another controller knows better. */
  async #remember(
    state: NodeState,
    object: NodeNetwork,
    node: Node,
    decision: Decision,
  ): Promise<boolean> {
    const { kube, facts, clock, isThrottled, quotas } = this.#options
    const vpc = facts.vpc(state.vpcId)
    const status = nodeStatus({
      ...decision,
      generation: object.metadata.generation,
      state,
      vpc: vpc.state === "found" ? vpc.value : undefined,
      throttled: isThrottled(),
      now: clock.now(),
    })
    const before = state.written
    if (sameStatus(status, before)) return true
    try {
      const base = sameStatus(object.status, before) ? object : (state.answered ?? object)
      state.answered = await writeStatus(kube, base, before, status)
      if (!state.answered) return false
    } catch (error) {
      if (error instanceof StatusTaken) this.#forget(state.name)
      throw error
    }
    state.written = status
    quotas.written(state.name, status.quota)
    this.#options.onStatus(node, before, status)
    return true
  }

  #nextLook(state: NodeState, decision: Decision): number | undefined {
    const { resolutions, shortages, obstacle, quota } = decision
    const now = this.#options.clock.now()
    state.forgetFailures(now - forgetMs)
    const times = [...state.failures.values()].map((f) => f.until).filter((at) => at > now)
    if (this.#options.isThrottled()) times.push(now + throttledMs)
    if (state.verifyAt !== undefined) times.push(state.verifyAt)
    const refused = [...resolutions.values()].filter((r) => !r.ok)
    if (obstacle || refused.some((r) => !r.ok && r.unreadable)) times.push(now + unreadableMs)
    const denied = quota?.denied ?? []
    if (shortages.length + refused.length + denied.length > 0) times.push(now + recheckMs)
    return times.length === 0 ? undefined : Math.max(100, Math.min(...times) - now)
  }
}

/** Of two readings of an object, the one with the later spec. */
const newer = (cached: NodeNetwork, read: NodeNetwork | undefined): NodeNetwork =>
  read !== undefined &&
  read.metadata.uid === cached.metadata.uid &&
  (read.metadata.generation ?? 0) > (cached.metadata.generation ?? 0)
    ? read
    : cached

const unreadable = (what: string, why: string) => fail("placement/unreadable", { what, why })
