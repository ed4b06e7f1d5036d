/** One step of a decision: what was looked at, what came of it, why. */
export interface TraceStep {
  /** Such as `annotation k8s.amazonaws.com/eniConfig`, `ENIConfig/us-west-2a`, `subnet-0a1b`. */
  readonly subject: string
  readonly verdict: "chosen" | "refused" | "passed over" | "noted"
  readonly why: string
}

export type Trace = readonly TraceStep[]
