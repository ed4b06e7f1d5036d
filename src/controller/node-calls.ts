import type { NodeNetwork } from "../api/nodenetwork.ts"
import type { BerthError } from "../errors/berth-error.ts"
import { isError } from "../errors/catalogue.ts"
import type { Action, CreateAction, MarkAction } from "../ipam/actions.ts"
import { assignAddresses, unassignAddresses } from "./calls/assign-addresses.ts"
import { attachInterface, endWithInstance } from "./calls/attach-interface.ts"
import type { CallContext } from "./calls/call-context.ts"
import { createInterface } from "./calls/create-interface.ts"
import { regroupInterface } from "./calls/regroup-interface.ts"
import { releaseInterface } from "./calls/release-interface.ts"
import { actionOf } from "./create-intent.ts"
import { failureKeyOf, type NodeState, slotOf } from "./node-state.ts"
import { amountOf, type Hold } from "./subnet-supply.ts"

const firstRetryMs = 1_000
const longestRetryMs = 60_000

export interface NodeCallsOptions extends CallContext {
  random: () => number
  /** Told of every failed call, for events and metrics. */
  onFailure: (state: NodeState, action: Action | undefined, error: Error) => void
}

interface FailedCall {
  readonly key: string
  readonly action: Action | undefined
  readonly startedAt: number
}

/** A call that needs no record before it, with what is set aside for it. */
export interface StartableCall {
  readonly action: Exclude<Action, CreateAction | MarkAction>
  readonly hold: Hold | undefined
}

/** Carries out calls on behalf of nodes, each on its own; a call that ends marks its node for the next decision. */
export class NodeCalls {
  readonly #options: NodeCallsOptions
  readonly #tasks = new Set<Promise<void>>()
  /** What was set aside for creates that are recorded and not begun, by token. */
  readonly #holds = new Map<string, Hold>()

  constructor(options: NodeCallsOptions) {
    this.#options = options
  }

  /** Whether the call has to wait: something happens to the same interface, or it failed a moment ago. */
  isHeldBack(state: NodeState, action: Action, now: number): boolean {
    if (this.failureOf(state, action, now)) return true
    if (action.do === "create") return state.running.has(slotOf(action))
    // Deleting takes proof that the interface was made for this node.
    if (action.do === "release" && !state.releasable.has(action.interfaceID)) return true
    const iface = state.find(action.interfaceID)
    return iface === undefined || state.isBusy(iface)
  }

  failureOf(state: NodeState, action: Action, now: number): Error | undefined {
    const failure = state.failures.get(failureKeyOf(action))
    return failure && failure.until > now ? failure.error : undefined
  }

  start(state: NodeState, { action, hold }: StartableCall): void {
    this.#run(state, action.interfaceID, action, () => this.#perform(state, action, hold))
  }

  /** Keeps what was set aside for a create until `resume` begins it. */
  keep(token: string, hold: Hold): void {
    this.#holds.set(token, hold)
  }

  /** The create will not be begun after all. */
  abandon(state: NodeState, token: string): void {
    this.#holds.get(token)?.settle("refused")
    this.#holds.delete(token)
    state.intents.delete(token)
  }

  /** Begins what the record says and nobody is doing: creates, attachments, releases, the end with the instance. */
  resume(state: NodeState, object: NodeNetwork, now: number): void {
    const { mode } = object.spec
    const context = this.#options
    for (const intent of state.intents.values()) {
      const action = actionOf(intent)
      if (this.isHeldBack(state, action, now)) continue
      const hold = this.#holds.get(intent.token)
      this.#holds.delete(intent.token)
      const work = () => createInterface(context, state, intent, { mode, action, hold })
      this.#run(state, slotOf(intent), action, work)
    }
    for (const iface of state.interfaces) {
      if (state.isBusy(iface)) continue
      const { id } = iface
      const attachment = state.attachments.get(id)
      const failed = (state.failures.get(`resume ${id}`)?.until ?? 0) > now
      if (failed) continue
      if (iface.state === "Attaching" && !iface.primary)
        this.#run(state, id, undefined, () => attachInterface(context, state, id, "allocate"))
      else if (iface.state === "Releasing")
        this.#run(state, id, undefined, () => releaseInterface(context, state, { interfaceID: id }))
      else if (state.releasable.has(id) && attachment && !attachment.deleteOnTermination)
        this.#run(state, id, undefined, () => endWithInstance(context, state, id, "refill"))
    }
  }

  /** Resolves when no call is under way. */
  async drained(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks)
  }

  #run(
    state: NodeState,
    place: string,
    action: Action | undefined,
    work: () => Promise<void>,
  ): void {
    state.running.set(place, { action })
    const key = action ? failureKeyOf(action) : `resume ${place}`
    const startedAt = this.#options.clock.now()
    const task = work()
      .then(
        () => void state.failures.delete(key),
        (error: Error) => this.#failed(state, { key, action, startedAt }, error),
      )
      .finally(() => {
        state.running.delete(place)
        this.#tasks.delete(task)
        this.#options.changed(state.name)
      })
    this.#tasks.add(task)
  }

  #perform(
    state: NodeState,
    action: StartableCall["action"],
    hold: Hold | undefined,
  ): Promise<void> {
    switch (action.do) {
      case "assign":
        return assignAddresses(this.#options, state, action, hold)
      case "unassign":
        return unassignAddresses(this.#options, state, action)
      case "regroup":
        return regroupInterface(this.#options, state, action)
      case "release":
        return releaseInterface(this.#options, state, action)
    }
  }

  async #failed(
    state: NodeState,
    { key, action, startedAt }: FailedCall,
    error: Error,
  ): Promise<void> {
    const { clock, random, signal, log } = this.#options
    if (signal.aborted) return
    const attempts = (state.failures.get(key)?.attempts ?? 0) + 1
    const waitMs = Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs)
    const until = clock.now() + Math.round(waitMs * (0.75 + random() / 2))
    log.warn("an EC2 call failed", { node: state.name, call: key, error: error.message, waitMs })
    if (action?.do === "create" || action?.do === "assign") {
      if (await this.#exhausted(state, action, error, startedAt)) {
        // The book of the subnets knows now; other subnets of the placement may be tried at once.
        this.#options.onFailure(state, action, error)
        return
      }
    }
    state.failures.set(key, { error, until, attempts })
    this.#options.onFailure(state, action, error)
  }

  /** A subnet that gave nothing: looks how much it really has, and backs off where the figures do not explain it. */
  async #exhausted(
    state: NodeState,
    action: Extract<Action, { do: "create" | "assign" }>,
    error: Error,
    startedAt: number,
  ): Promise<boolean> {
    const full = isError(error, "ec2/subnet-full")
    if (!full && !isError(error, "ec2/no-free-prefix")) return false
    const { facts, supplies } = this.#options
    await facts.refreshSubnets(state.vpcId)
    const { subnetID } = action
    const kind = full ? "address" : "prefix"
    if (!full || (supplies.freeIn(subnetID) ?? 0) >= amountOf(action).addresses)
      supplies.refused(subnetID, kind, (error as BerthError).code, startedAt)
    return true
  }
}
