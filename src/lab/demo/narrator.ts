import type { Writable } from "node:stream"
import { styleText } from "node:util"

/** Tells a person what happens: titled steps, the commands as typed, what they print, one line of progress while waiting. */
export interface Narrator {
  step(title: string, why: string): void
  command(line: string): void
  output(text: string): void
  note(text: string): void
  /** Shows `text`, "SUBJECT: STATE", in place on a terminal; elsewhere prints the first state of each subject. */
  progress(text: string): void
  good(text: string): void
  bad(text: string): void
}

const indent = "   "

export function createNarrator(
  to: Writable & { isTTY?: boolean; columns?: number },
  now: () => number,
): Narrator {
  const started = now()
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    to.isTTY ? styleText(style, text) : text
  let steps = 0
  let pending = false
  const subjects = new Set<string>()
  const line = (text: string) => {
    if (pending) to.write("\r\u001b[K")
    pending = false
    to.write(`${text}\n`)
  }
  return {
    step(title, why) {
      steps++
      subjects.clear()
      const at = `${((now() - started) / 1000).toFixed(0)} s`
      line(`\n${paint("bold", `${steps}. ${title}`)}  ${paint("dim", `(${at})`)}`)
      if (why !== "") line(paint("dim", `${indent}${why}`))
    },
    command(text) {
      for (const l of `$ ${text}`.split("\n")) line(`${indent}${paint("cyan", l)}`)
    },
    output(text) {
      for (const l of text.trimEnd().split("\n")) line(`${indent}${l}`)
    },
    note: (text) => line(`${indent}${text}`),
    progress(text) {
      if (to.isTTY) {
        // A line that wraps could not be taken back.
        const fitting = text.slice(0, (to.columns ?? 80) - indent.length - 1)
        to.write(`\r\u001b[K${indent}${paint("dim", fitting)}`)
        pending = true
        return
      }
      const subject = text.split(":")[0] ?? ""
      if (!subjects.has(subject)) line(`${indent}${text}`)
      subjects.add(subject)
    },
    good: (text) => line(`${indent}${paint("green", "✓")} ${text}`),
    bad: (text) => line(`${indent}${paint("red", "✗")} ${text}`),
  }
}
