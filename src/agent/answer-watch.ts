import type { NodeNetwork } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"

/** A controller that runs answers something well within this. */
const lateMs = 5_000

/** Whether the controller answers what the node asks for: status.observedGeneration follows metadata.generation. */
export class AnswerWatch {
  readonly #clock: Clock
  #answered = 0
  #since: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  observe(object: NodeNetwork | undefined): void {
    const asked = object?.metadata.generation ?? 0
    const answered = object?.status?.observedGeneration ?? 0
    // Demand may stay ahead of a controller that answers: then its silence begins anew with every answer.
    const silent = answered === this.#answered ? this.#since : undefined
    this.#answered = answered
    this.#since = asked > answered ? (silent ?? this.#clock.now()) : undefined
  }

  get isLate(): boolean {
    return this.#since !== undefined && this.#clock.now() - this.#since >= lateMs
  }
}
