import type { NodeNetwork } from "../api/nodenetwork.ts"
import type { BerthError } from "../errors/berth-error.ts"
import { isError } from "../errors/catalogue.ts"
import type { Action, CreateAction, MarkAction } from "../ipam/actions.ts"
import { actionOf } from "./create-intent.ts"
import {
  assignAddresses,
  attachInterface,
  type CallContext,
  createInterface,
  endWithInstance,
  regroupInterface,
  releaseInterface,
  unassignAddresses,
} from "./ec2-calls.ts"
import { failureKeyOf, type NodeState, slotOf } from "./node-state.ts"

const firstRetryMs = 1_000
const longestRetryMs = 60_000

export interface NodeCallsOptions extends CallContext {
  random: () => number
  /** Told of every failed call, for events and metrics. */
  onFailure: (state: NodeState, action: Action | undefined, error: Error) => void
}

/** Carries out calls on behalf of nodes, each on its own; a call that ends marks its node for the next decision. */
export class NodeCalls {
  readonly #options: NodeCallsOptions
  readonly #tasks = new Set<Promise<void>>()

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

  start(state: NodeState, action: Exclude<Action, CreateAction | MarkAction>): void {
    this.#run(state, action.interfaceID, action, () => this.#perform(state, action))
  }

  /** Begins what the record says and nobody is doing: creates, attachments, releases, the end with the instance. */
  resume(state: NodeState, object: NodeNetwork, now: number): void {
    const { mode } = object.spec
    const context = this.#options
    for (const intent of state.intents.values()) {
      const action = actionOf(intent)
      if (this.isHeldBack(state, action, now)) continue
      const work = () => createInterface(context, state, intent, { mode, action })
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
    const task = work()
      .then(
        () => void state.failures.delete(key),
        (error: Error) => this.#failed(state, key, action, error),
      )
      .finally(() => {
        state.running.delete(place)
        this.#tasks.delete(task)
        this.#options.changed(state.name)
      })
    this.#tasks.add(task)
  }

  #perform(state: NodeState, action: Exclude<Action, CreateAction | MarkAction>): Promise<void> {
    switch (action.do) {
      case "assign":
        return assignAddresses(this.#options, state, action)
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
    key: string,
    action: Action | undefined,
    error: Error,
  ): Promise<void> {
    const { clock, random, signal, log } = this.#options
    if (signal.aborted) return
    const attempts = (state.failures.get(key)?.attempts ?? 0) + 1
    const waitMs = Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs)
    const until = clock.now() + Math.round(waitMs * (0.75 + random() / 2))
    log.warn("an EC2 call failed", { node: state.name, call: key, error: error.message, waitMs })
    if (action?.do === "create" || action?.do === "assign") {
      if (await this.#exhausted(state, action, error)) {
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
  ): Promise<boolean> {
    const full = isError(error, "ec2/subnet-full")
    if (!full && !isError(error, "ec2/no-free-prefix")) return false
    const { facts, supplies } = this.#options
    await facts.refreshSubnets(state.vpcId)
    const own = action.do === "create" ? 1 : 0
    const left = supplies.of([action.subnetID]).get(action.subnetID)?.free ?? 0
    if (!full || left >= own + action.addresses)
      supplies.refused(action.subnetID, full ? "address" : "prefix", (error as BerthError).code)
    return true
  }
}
