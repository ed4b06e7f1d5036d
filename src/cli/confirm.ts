import { createInterface } from "node:readline/promises"
import { fail } from "../errors/catalogue.ts"
import { type Call, flag } from "./command.ts"

/** Asks before something is changed. Passes with --yes; rejects where nobody can be asked, or the answer is no. */
export async function confirm(call: Call, question: string, what: string): Promise<void> {
  if (flag(call, "yes")) return
  if (!call.stdin.isTTY) throw fail("cli/not-confirmed", { what })
  const lines = createInterface({ input: call.stdin, output: call.stderr })
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: call.signal })
    if (/^y(es)?$/i.test(answer.trim())) return
  } catch (error) {
    if (!call.signal.aborted) throw error
  } finally {
    lines.close()
  }
  throw fail("cli/not-confirmed", { what })
}
