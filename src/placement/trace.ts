/** One step of a decision: what was looked at, what came of it, why. */
export interface TraceStep {
  /** Such as `annotation k8s.amazonaws.com/eniConfig`, `ENIConfig/us-west-2a`, `subnet-0a1b`. */
  readonly subject: string
  readonly verdict: "chosen" | "refused" | "passed over" | "noted"
  readonly why: string
}

export type Trace = readonly TraceStep[]

const marks: Record<TraceStep["verdict"], string> = {
  chosen: "=>",
  refused: "x ",
  "passed over": "- ",
  noted: "  ",
}

/** The trace as lines for humans: a mark, the subject in a column, the reason. */
export function renderTrace(trace: Trace): string {
  const width = Math.min(48, Math.max(0, ...trace.map((step) => step.subject.length)))
  return trace
    .map((step) => `${marks[step.verdict]} ${step.subject.padEnd(width)}  ${step.why}`)
    .join("\n")
}
