import type { Clock } from "../../clock.ts"
import type { Narrator } from "./narrator.ts"
import type { Shell, ShellResult } from "./shell.ts"

/** The hands of the person who follows the procedure: types commands, waits for what they caused. */
export interface Operator {
  /** Shows and runs a command; throws with its error output when it fails. Prints at most `lines` of what it says. */
  type(line: string, options?: { input?: string; lines?: number }): Promise<string>
  /** Runs without showing. */
  quietly(line: string): Promise<ShellResult>
  /** Polls until `done` gives a text, showing progress; throws with `what` and the last progress after `seconds`. */
  until(what: string, seconds: number, probe: () => Promise<Probe>): Promise<string>
  readonly shell: Shell
}

export type Probe = { done: string } | { progress: string }

const pollMs = 300

export function createOperator(
  shell: Shell,
  narrator: Narrator,
  clock: Clock,
  signal: AbortSignal,
): Operator {
  return {
    shell,
    async type(line, { input, lines = 12 } = {}) {
      narrator.command(input === undefined ? line : `${line} << EOF\n${input}EOF`)
      const result = await shell(line, { signal, ...(input === undefined ? {} : { input }) })
      if (result.exit !== 0)
        throw new Error(`${line}\n${result.stderr.trim() || result.stdout.trim()}`)
      const shown = result.stdout.trimEnd().split("\n")
      if (result.stdout.trim() !== "") narrator.output(shown.slice(0, lines).join("\n"))
      if (shown.length > lines) narrator.output(`... ${shown.length - lines} more lines`)
      return result.stdout
    },
    quietly: (line) => shell(line, { signal }),
    async until(what, seconds, probe) {
      const deadline = clock.now() + seconds * 1000
      let last = "nothing seen yet"
      for (;;) {
        const seen = await probe()
        if ("done" in seen) {
          narrator.good(seen.done)
          return seen.done
        }
        last = seen.progress
        narrator.progress(`${what}: ${last}`)
        if (clock.now() > deadline)
          throw new Error(`${what} did not happen within ${seconds} s: ${last}`)
        await clock.sleep(pollMs, signal)
      }
    },
  }
}
