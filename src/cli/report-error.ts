import type { Writable } from "node:stream"
import { BerthError } from "../errors/berth-error.ts"

/** What happened, then what to do. Only an error outside the catalogue shows its stack, and only with BERTH_DEBUG. */
export function reportError(
  error: unknown,
  to: Writable,
  env: Readonly<Record<string, string | undefined>> = process.env,
): void {
  if (error instanceof BerthError) {
    to.write(`error: ${error.message}\n`)
    if (error.hint !== "") to.write(`  ${error.hint}\n`)
    to.write(`  (${error.code})\n`)
  } else {
    to.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  }
  if (env["BERTH_DEBUG"] && error instanceof Error) to.write(`${error.stack}\n`)
}
