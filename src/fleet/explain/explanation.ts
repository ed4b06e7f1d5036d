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
  /** Ready to be pasted into a shell. */
  readonly command?: string
  readonly facts: readonly Fact[]
  readonly trace: Trace
}

export const remedyOf = ({ says, command }: Fix): Pick<Explanation, "hint" | "command"> => ({
  hint: says,
  ...(command === undefined ? {} : { command }),
})
