import type { CallPriority, Ec2 } from "../ec2/ec2.ts"
import type { NetworkInterface } from "../vpc/model.ts"

/** What EC2 showed of one instance's interfaces; `at` is when the call began. */
export interface Observation {
  readonly at: number
  readonly interfaces: readonly NetworkInterface[]
}

/** Instances per call: EC2 takes 200 values in a filter; 100 instances fit a page or two. */
const batchSize = 100
const parallelCalls = 4

/**
 * Describes the interfaces of many instances in few calls: what is asked for while calls are under way is gathered for
 * the next. A cluster of 5,000 nodes costs 50 calls and some pages.
 */
export class InstanceLoader {
  readonly #ec2: Ec2
  readonly #now: () => number
  readonly #signal: AbortSignal
  readonly #loaded: (instanceID: string, result: Observation | Error) => void
  readonly #waiting = new Map<string, CallPriority>()
  readonly #running = new Set<string>()
  #calls = 0

  constructor(options: {
    ec2: Ec2
    now: () => number
    signal: AbortSignal
    /** Called once for every instance asked for. */
    loaded: (instanceID: string, result: Observation | Error) => void
  }) {
    this.#ec2 = options.ec2
    this.#now = options.now
    this.#signal = options.signal
    this.#loaded = options.loaded
  }

  /** Asks for an instance; a request that waits or runs already is joined. */
  request(instanceID: string, priority: CallPriority): void {
    if (this.#running.has(instanceID)) return
    const waits = this.#waiting.get(instanceID)
    if (waits === undefined || waits === "audit") this.#waiting.set(instanceID, priority)
    this.#dispatch()
  }

  #dispatch(): void {
    while (this.#waiting.size > 0 && this.#calls < parallelCalls && !this.#signal.aborted) {
      const batch = [...this.#waiting].slice(0, batchSize)
      for (const [id] of batch) {
        this.#waiting.delete(id)
        this.#running.add(id)
      }
      const urgent = batch.some(([, priority]) => priority !== "audit")
      this.#calls++
      void this.#load(
        batch.map(([id]) => id),
        urgent ? "allocate" : "audit",
      )
    }
  }

  async #load(ids: readonly string[], priority: CallPriority): Promise<void> {
    const at = this.#now()
    let result: readonly NetworkInterface[] | Error
    try {
      const query = { instanceId: ids }
      const options = { priority, signal: this.#signal }
      result = await this.#ec2.describeNetworkInterfaces(query, options)
    } catch (error) {
      result = error as Error
    }
    this.#calls--
    for (const id of ids) this.#running.delete(id)
    for (const id of ids) {
      if (result instanceof Error) this.#loaded(id, result)
      else {
        const interfaces = result.filter((eni) => eni.attachment?.instanceId === id)
        this.#loaded(id, { at, interfaces })
      }
    }
    this.#dispatch()
  }
}
