import type {
  CreateIntent,
  NodeInterface,
  NodeNetwork,
  NodeNetworkStatus,
} from "../api/nodenetwork.ts"
import type { Action } from "../ipam/actions.ts"
import { actionOf } from "./create-intent.ts"
import type { Observation } from "./instance-loader.ts"
import type { Suspects } from "./truth.ts"

export interface Attachment {
  readonly id: string
  readonly deleteOnTermination: boolean
}

/** Work under way; `action` when a plan asked for it. */
export interface Running {
  readonly action: Action | undefined
}

/** Why the last call of a kind failed, and until when it is not tried again. */
export interface Failure {
  readonly error: Error
  readonly until: number
  readonly attempts: number
}

/**
 * What the controller knows of one node for the time it leads. All of it can be lost: the record is
 * NodeNetwork.status, the truth is EC2.
 */
export class NodeState {
  readonly name: string
  readonly instanceID: string
  vpcId = ""
  zone = ""
  instanceType = ""
  interfaces: readonly NodeInterface[]
  readonly intents: Map<string, CreateIntent>
  readonly attachments = new Map<string, Attachment>()
  /** Interfaces whose tags prove that they were made for this node: only these are ever deleted. */
  readonly releasable = new Set<string>()
  /** Calls under way, by what they work on: `slotOf` a new interface, or an interface's id. */
  readonly running = new Map<string, Running>()
  readonly failures = new Map<string, Failure>()
  suspects: Suspects = new Map()
  /** What EC2 last showed and no reconcile has taken in yet. */
  observation: Observation | Error | undefined
  /** Why EC2 could not be read the last time. */
  obstacle: Error | undefined
  /** When the record was last compared with EC2; undefined until it was. */
  verifiedAt: number | undefined
  /** When it is to be compared next; undefined: with the next audit. */
  verifyAt: number | undefined
  /** The status as last written or read. */
  written: NodeNetworkStatus | undefined
  /** The object as answered to the last write: newer than the cache for a moment. */
  answered: NodeNetwork | undefined

  /** The object as read when the state was made, or when the object had been made anew. */
  firstRead: NodeNetwork

  constructor(object: NodeNetwork) {
    const { status } = object
    this.name = object.metadata.name
    this.instanceID = object.spec.instanceID
    this.firstRead = object
    this.interfaces = status?.interfaces ?? []
    this.intents = new Map((status?.intents ?? []).map((intent) => [intent.token, intent]))
    this.written = status
  }

  /** The object was deleted and made anew: nothing of what is known is written in it. */
  recordIn(object: NodeNetwork): void {
    this.firstRead = object
    this.written = object.status
    this.answered = undefined
  }

  find(id: string): NodeInterface | undefined {
    return this.interfaces.find((iface) => iface.id === id)
  }

  put(iface: NodeInterface): void {
    this.interfaces = [...this.interfaces.filter((i) => i.id !== iface.id), iface].sort(
      (a, b) => a.networkCard - b.networkCard || a.deviceIndex - b.deviceIndex,
    )
  }

  /** Changes an interface; does nothing when it is gone. */
  update(id: string, change: (iface: NodeInterface) => Partial<NodeInterface>): void {
    this.interfaces = this.interfaces.map((i) => (i.id === id ? { ...i, ...change(i) } : i))
  }

  drop(id: string): void {
    this.interfaces = this.interfaces.filter((iface) => iface.id !== id)
    this.attachments.delete(id)
    this.releasable.delete(id)
  }

  /** Calls made, or recorded to be made, whose effect the record of interfaces does not show yet. */
  inFlight(): Action[] {
    const others = [...this.running.values()].flatMap(({ action }) =>
      action && action.do !== "create" ? [action] : [],
    )
    return [...[...this.intents.values()].map(actionOf), ...others]
  }

  /** Whether something is being done to the interface: attached, changed or released. */
  isBusy(iface: Pick<NodeInterface, "id" | "networkCard" | "deviceIndex">): boolean {
    return this.running.has(iface.id) || this.running.has(slotOf(iface))
  }

  /** Forgets failures whose wait ended before `at`. */
  forgetFailures(at: number): void {
    for (const [key, failure] of this.failures) if (failure.until < at) this.failures.delete(key)
  }

  /** Compare with EC2 at `at` at the latest. */
  doubt(at: number): void {
    this.verifyAt = Math.min(this.verifyAt ?? at, at)
  }
}

/** The place in `running` of what happens in a slot of the instance. */
export const slotOf = (at: { networkCard: number; deviceIndex: number }): string =>
  `slot ${at.networkCard}/${at.deviceIndex}`

/** Calls that fail together: the next attempt of any waits for the same back-off. */
export const failureKeyOf = (action: Action): string =>
  action.do === "create"
    ? `create ${action.placement} ${action.subnetID}`
    : `${action.do} ${action.interfaceID}`
