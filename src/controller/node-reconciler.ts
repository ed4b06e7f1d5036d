import type { Node } from "../api/core.ts"
import type { NodeNetwork, NodeNetworkStatus, PlacementKey } from "../api/nodenetwork.ts"
import { nodePlacement } from "../api/nodenetwork.ts"
import { nodeNetworks } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import type { Action, Shortage } from "../ipam/actions.ts"
import { type Plan, planNode } from "../ipam/plan.ts"
import type { Informer } from "../kube/informer.ts"
import type { Kube } from "../kube/kube.ts"
import type { Logger } from "../log.ts"
import type { Resolution } from "../placement/resolve.ts"
import { type InterfaceLimits, interfaceLimitsOf, limitsOf } from "../vpc/instance-limits.ts"
import type { CloudFacts } from "./cloud-facts.ts"
import { createIntent } from "./create-intent.ts"
import type { Departures } from "./departures.ts"
import type { InstanceLoader } from "./instance-loader.ts"
import type { NodeCalls, StartableCall } from "./node-calls.ts"
import { NodeState } from "./node-state.ts"
import { isExhaustion, nodeStatus } from "./node-status.ts"
import { type PlacementInformers, resolvePlacements } from "./resolve-placements.ts"
import { amountOf, type SubnetSupplies } from "./subnet-supply.ts"
import { takeIn } from "./take-in.ts"
import { StatusTaken, sameStatus, writeStatus } from "./write-status.ts"

export interface NodeReconcilerOptions {
  kube: Kube
  clock: Clock
  log: Logger
  clusterName: string | undefined
  nodes: Informer<Node>
  nodeNetworks: Informer<NodeNetwork>
  placements: PlacementInformers
  facts: CloudFacts
  supplies: SubnetSupplies
  loader: InstanceLoader
  calls: NodeCalls
  /** EC2 has throttled calls lately. */
  isThrottled: () => boolean
  /** The instance type of a node whose labels do not tell. */
  instanceTypeOf: (instanceID: string) => Promise<string>
  departures: Departures
  /** A status was written that differs from the one before. */
  onStatus: (node: Node, before: NodeNetworkStatus | undefined, after: NodeNetworkStatus) => void
}

/** Free addresses older than this are asked for anew before addresses are taken from a subnet. */
const supplyAgeMs = 60_000
/** A placement that cannot serve is looked at again: a subnet may have got room, or an id may exist by now. */
const recheckMs = 30_000
const unreadableMs = 5_000
const outrunMs = 50

interface Decision {
  readonly resolutions: ReadonlyMap<PlacementKey, Resolution>
  readonly shortages: readonly Shortage[]
  readonly actions: readonly Action[]
  readonly limits: InterfaceLimits | undefined
  readonly obstacle: BerthError | undefined
}

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
      this.#forget(name)
      return undefined
    }
    const node = this.#options.nodes.get(name)
    if (node.state === "unsynced") throw unreadable(`Node ${name}`, node.why)
    if (node.state === "absent") return this.#options.departures.follow(read.object)
    this.#options.departures.forget(name)
    const state = await this.#stateOf(read.object, node.object)
    if (!state) return undefined
    // The cache may be behind what was read when the state was made.
    const object = newer(read.object, state.firstRead)
    const { clock } = this.#options
    if (!(await this.#verified(state, object))) return undefined
    const decision = await this.#decide(state, object, node.object)
    const prepared = this.#prepare(state, node.object, decision)
    if (!(await this.#recorded(state, object, node.object, { decision, prepared })))
      return undefined
    for (const call of prepared.start) this.#options.calls.start(state, call)
    if (object.spec.mode.provisioning) this.#options.calls.resume(state, object, clock.now())
    return prepared.outrun ? outrunMs : this.#nextLook(state, decision)
  }

  #forget(name: string): void {
    const state = this.#states.get(name)
    this.#options.departures.forget(name)
    if (state) this.#byInstance.delete(state.instanceID)
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
      state = new NodeState(object)
      this.#states.set(name, state)
      this.#byInstance.set(state.instanceID, state)
    }
    const label = node.metadata.labels?.["node.kubernetes.io/instance-type"]
    if (label) state.instanceType = label
    else if (!state.instanceType)
      state.instanceType = await this.#options.instanceTypeOf(state.instanceID)
    return state
  }

  /** Compares the record with EC2 when that is due. False: the node waits for EC2's first answer. */
  async #verified(state: NodeState, object: NodeNetwork): Promise<boolean> {
    const { loader, clock } = this.#options
    const { observation } = state
    state.observation = undefined
    if (observation instanceof Error) {
      state.doubt(clock.now() + unreadableMs)
      if (state.verifiedAt === undefined) throw observation
    } else if (observation) await takeIn(observation, state, object, this.#options)
    const due = state.verifiedAt === undefined || (state.verifyAt ?? Infinity) <= clock.now()
    if (due) loader.request(state.instanceID, state.verifiedAt === undefined ? "allocate" : "audit")
    return state.verifiedAt !== undefined
  }

  async #decide(state: NodeState, object: NodeNetwork, node: Node): Promise<Decision> {
    try {
      const limits = interfaceLimitsOf(limitsOf(state.instanceType))
      const decision = await this.#decideWith(limits, state, object, node)
      if (!this.#wantsFreshSupply(state, decision)) return decision
      const { facts } = this.#options
      const none = { subnets: [], groups: [], allGroups: false }
      await facts.ensure({ vpcId: state.vpcId, ...none }, recheckMs - 5_000)
      return await this.#decideWith(limits, state, object, node)
    } catch (error) {
      if (!(error instanceof BerthError)) throw error
      return {
        resolutions: new Map(),
        shortages: [],
        actions: [],
        limits: undefined,
        obstacle: error,
      }
    }
  }

  async #decideWith(
    limits: InterfaceLimits,
    state: NodeState,
    object: NodeNetwork,
    node: Node,
  ): Promise<Decision> {
    const { facts, supplies, placements, clock } = this.#options
    const { spec } = object
    const primary = state.interfaces.find((iface) => iface.primary)
    if (!primary)
      throw fail("ec2/not-found", { resource: `an interface of instance ${state.instanceID}` })
    const nodeFacts = {
      name: state.name,
      labels: node.metadata.labels,
      annotations: node.metadata.annotations,
      zone: state.zone,
      vpcId: state.vpcId,
      primary: { subnetId: primary.subnetID, securityGroups: primary.securityGroups },
    }
    const keys = new Set([nodePlacement, ...spec.demand.map((d) => d.placement)])
    for (const iface of state.interfaces) if (iface.state !== "Foreign") keys.add(iface.placement)
    const resolutions = await resolvePlacements(keys, nodeFacts, spec.mode, placements, facts)
    const plan = planNode({
      node: state.name,
      spec,
      limits,
      interfaces: state.interfaces,
      inFlight: state.inFlight(),
      resolutions,
      supply: supplies.of(subnetsOf(resolutions)),
      unschedulable: isUnschedulable(node),
      now: clock.now(),
    })
    const shortages = [...plan.shortages, ...this.#heldBack(state, object, plan)]
    return { resolutions, shortages, actions: plan.actions, limits, obstacle: undefined }
  }

  /** Calls that failed and wait for another try are shortages too, when pods wait for them. */
  #heldBack(state: NodeState, object: NodeNetwork, plan: Plan): Shortage[] {
    const { calls, clock } = this.#options
    return plan.actions.flatMap((action): Shortage[] => {
      if (action.do !== "create" && action.do !== "assign") return []
      const failure = calls.failureOf(state, action, clock.now())
      if (!failure) return []
      const { placement } = action
      if (plan.shortages.some((s) => s.placement === placement)) return []
      const waiting = object.spec.demand.find((d) => d.placement === placement)?.waiting ?? 0
      const error = failure instanceof BerthError ? failure : asBerthError(failure, action.do)
      return [{ placement, waiting, warm: 0, error }]
    })
  }

  #wantsFreshSupply(state: NodeState, { actions, shortages, resolutions }: Decision): boolean {
    const { facts, clock } = this.#options
    const takes = actions.some((a) => a.do === "create" || a.do === "assign")
    const full = shortages.some((s) => isExhaustion(s.error.code))
    if (!takes && !full) return false
    const limit = full ? recheckMs - 5_000 : supplyAgeMs
    const oldest = Math.min(...subnetsOf(resolutions).map((id) => facts.observedAt(id) ?? 0))
    return state.vpcId !== "" && clock.now() - oldest > limit
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
    const { kube, facts, clock, isThrottled } = this.#options
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
    this.#options.onStatus(node, before, status)
    return true
  }

  #nextLook(state: NodeState, { resolutions, shortages, obstacle }: Decision): number | undefined {
    const now = this.#options.clock.now()
    const times = [...state.failures.values()].map((f) => f.until).filter((at) => at > now)
    if (state.verifyAt !== undefined) times.push(state.verifyAt)
    const refused = [...resolutions.values()].filter((r) => !r.ok)
    if (obstacle || refused.some((r) => !r.ok && r.unreadable)) times.push(now + unreadableMs)
    if (shortages.length + refused.length > 0) times.push(now + recheckMs)
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

function subnetsOf(resolutions: ReadonlyMap<PlacementKey, Resolution>): string[] {
  return [...resolutions.values()].flatMap((r) =>
    r.ok ? r.placement.subnets.map(({ subnet }) => subnet.id) : [],
  )
}

const asBerthError = (error: Error, action: string) =>
  fail("ec2/failed", { action, code: error.name, message: error.message }, error)

/** Cordoned: by the field, or by the taint that the node controller derives from it. */
const isUnschedulable = (node: Node): boolean =>
  node.spec?.unschedulable === true ||
  (node.spec?.taints ?? []).some((t) => t.key === "node.kubernetes.io/unschedulable")
