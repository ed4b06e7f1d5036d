import type { NodeRotationStatus } from "../../api/noderotation.ts"
import type { Clock } from "../../clock.ts"
import type { Call } from "../command.ts"
import { terminalOf } from "../terminal.ts"
import type { RotationRecord } from "./rotation-home.ts"
import { changeLines, progressPage } from "./rotation-page.ts"

/** Shows a rotation as it goes: redrawn in place on a terminal, one line for each change elsewhere. */
export function progressWriter(
  call: Call,
  clock: Clock,
): (status: NodeRotationStatus, record: RotationRecord) => void {
  const { stdout } = call
  let drawn = 0
  let before: NodeRotationStatus | undefined
  return (status, record) => {
    if (!stdout.isTTY) {
      for (const line of changeLines(before, status))
        stdout.write(`${new Date(clock.now()).toISOString()} ${line}\n`)
      before = status
      return
    }
    const page = progressPage(status, record, clock.now(), terminalOf(call))
    // Up over what was drawn, and everything below erased.
    stdout.write(`${drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ""}${page}`)
    drawn = page.split("\n").length - 1
  }
}
