import { stringify } from "yaml"
import type { Conversion } from "../fleet/convert/conversion.ts"
import type { Call } from "./command.ts"

/** What was made goes to stdout, so that it can be piped into kubectl or sh; what it is worth goes to stderr. */
export function writeConversion(
  call: Pick<Call, "stdout" | "stderr">,
  { objects, commands, notes }: Conversion,
): void {
  call.stdout.write(objects.map((object) => stringify(object)).join("---\n"))
  for (const command of commands) call.stdout.write(`${command}\n`)
  for (const verdict of ["lost", "differs", "same"] as const)
    for (const note of notes.filter((n) => n.verdict === verdict))
      call.stderr.write(`${verdict.padEnd(7)}  ${note.about}: ${note.says}\n`)
}
