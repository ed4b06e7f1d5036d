import type { Explanation } from "../fleet/explain/explanation.ts"
import type { TraceStep } from "../placement/trace.ts"
import type { Terminal } from "./terminal.ts"
import { wrap } from "./wrap.ts"

const marks: Record<TraceStep["verdict"], string> = {
  chosen: "=>",
  refused: "x ",
  "passed over": "- ",
  noted: "  ",
}
/** A subject longer than this does not widen its column. */
const subjectMost = 44

/** The answer first, then what to do, the facts, and every step that led to the answer. */
export function explanationPage(e: Explanation, { width, paint }: Terminal): string {
  const lines = [paint(e.ok ? "bold" : "red", wrap(`${e.object}: ${e.answer}`, width, "  "))]
  if (e.hint) lines.push(wrap(`  what to do: ${e.hint}`, width, "    "))
  // Never broken: it is there to be pasted.
  if (e.command) lines.push(`    ${paint("bold", `$ ${e.command}`)}`)
  lines.push("")
  const names = Math.max(0, ...e.facts.map((f) => f.name.length))
  for (const { name, value } of e.facts)
    lines.push(hanging(`  ${name.padEnd(names)}  `, value, width))
  if (e.trace.length > 0) lines.push("")
  const subjects = Math.min(subjectMost, Math.max(0, ...e.trace.map((s) => s.subject.length)))
  for (const step of e.trace) {
    const left = `  ${marks[step.verdict]} ${step.subject.padEnd(subjects)}  `
    lines.push(hanging(left, step.why, width).trimEnd())
  }
  return `${lines.join("\n")}\n`
}

/** `text` beside `left`; where there is no room beside it, below it. */
function hanging(left: string, text: string, width: number | undefined): string {
  if (width === undefined || left.length + text.length <= width) return left + text
  const indent = left.length <= width / 2 ? left.length : 8
  const broken = wrap(text, width - indent)
  const head = indent === left.length ? left : `${left.trimEnd()}\n${" ".repeat(indent)}`
  return head + broken.replaceAll("\n", `\n${" ".repeat(indent)}`)
}
