import type { NodeNetwork } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"

/** A controller that runs answers well within this. */
const lateMs = 5_000

/** Whether the controller answers what the node asks for: status.observedGeneration follows metadata.generation. */
export class AnswerWatch {
  readonly #clock: Clock
  #since: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  observe(object: NodeNetwork | undefined): void {
    const asked = object?.metadata.generation ?? 0
    const answered = object?.status?.observedGeneration ?? 0
    this.#since = asked > answered ? (this.#since ?? this.#clock.now()) : undefined
  }

  get isLate(): boolean {
    return this.#since !== undefined && this.#clock.now() - this.#since >= lateMs
  }
}
