import type { Trace } from "../../placement/trace.ts"

export interface Fact {
  readonly name: string
  readonly value: string
}

/** The answer to "why": one sentence, the facts it stands on, and every step that led to it. */
export interface Explanation {
  readonly object: string
  readonly ok: boolean
  readonly answer: string
  /** What to do, when it is not ok. */
  readonly hint?: string
  readonly facts: readonly Fact[]
  readonly trace: Trace
}
