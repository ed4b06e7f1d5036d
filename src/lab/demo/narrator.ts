import type { Writable } from "node:stream"
import { styleText } from "node:util"

/** Tells a person what happens: titled steps, the commands as typed, what they print, one line of progress while waiting. */
export interface Narrator {
  step(title: string, why: string): void
  command(line: string): void
  output(text: string): void
  note(text: string): void
  /** Shows `text` in place on a terminal; elsewhere prints it only when it changes its first word. */
  progress(text: string): void
  good(text: string): void
  bad(text: string): void
}

export function createNarrator(to: Writable & { isTTY?: boolean }, now: () => number): Narrator {
  const started = now()
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    to.isTTY ? styleText(style, text) : text
  let steps = 0
  let pending = false
  let lastPhase = ""
  const line = (text: string) => {
    if (pending) to.write("\r\u001b[K")
    pending = false
    to.write(`${text}\n`)
  }
  return {
    step(title, why) {
      steps++
      lastPhase = ""
      const at = `${((now() - started) / 1000).toFixed(0)} s`
      line(`\n${paint("bold", `${steps}. ${title}`)}  ${paint("dim", `(${at})`)}`)
      if (why !== "") line(paint("dim", `   ${why}`))
    },
    command: (text) => line(`   ${paint("cyan", `$ ${text}`)}`),
    output(text) {
      for (const l of text.trimEnd().split("\n")) line(`   ${l}`)
    },
    note: (text) => line(`   ${text}`),
    progress(text) {
      if (to.isTTY) {
        to.write(`\r\u001b[K   ${paint("dim", text)}`)
        pending = true
        return
      }
      const phase = text.split(":")[0] ?? ""
      if (phase !== lastPhase) line(`   ${text}`)
      lastPhase = phase
    },
    good: (text) => line(`   ${paint("green", "✓")} ${text}`),
    bad: (text) => line(`   ${paint("red", "✗")} ${text}`),
  }
}
