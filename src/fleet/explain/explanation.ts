import type { Trace } from "../../placement/trace.ts"
import type { Fix } from "../doctor/finding.ts"

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

/** A fix in one line. */
export const hintOf = ({ says, command }: Fix): string =>
  command === undefined ? says : `${says} (${command})`
