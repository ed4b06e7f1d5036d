import { renderTrace, type Trace } from "../../placement/trace.ts"

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

export function renderExplanation(e: Explanation): string {
  const width = Math.max(0, ...e.facts.map((f) => f.name.length))
  return [
    `${e.object}: ${e.answer}`,
    ...(e.hint === undefined || e.hint === "" ? [] : [`  what to do: ${e.hint}`]),
    "",
    ...e.facts.map((f) => `  ${f.name.padEnd(width)}  ${f.value}`),
    ...(e.trace.length === 0
      ? []
      : [
          "",
          ...renderTrace(e.trace)
            .split("\n")
            .map((l) => `  ${l}`),
        ]),
    "",
  ].join("\n")
}
