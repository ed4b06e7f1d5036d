import { systemClock } from "../../clock.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { fleetStatus } from "../../fleet/status/fleet-status.ts"
import { type Call, flag, text } from "../command.ts"
import { reportError } from "../report-error.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { statusPage } from "../status-page.ts"
import { terminalOf } from "../terminal.ts"
import { writeOutput } from "../write-output.ts"

const watchEveryMs = 5000
const clearScreen = "\u001b[H\u001b[J"

export async function run(call: Call): Promise<number> {
  const show = async (before = "") => {
    const status = fleetStatus(indexFleet(await loadSnapshot(call, systemClock)))
    const page = () => before + statusPage(status, terminalOf(call), flag(call, "all"))
    await writeOutput(call, status, page)
  }
  await show()
  return flag(call, "watch") ? watch(call, show) : 0
}

/** Pages on a terminal replace each other; elsewhere a line, and between YAML documents their mark, is between them. */
async function watch(call: Call, show: (before: string) => Promise<void>): Promise<number> {
  const yaml = text(call, "output") === "yaml"
  for (;;) {
    // Ctrl-C ends the wait, and with it the watch.
    await systemClock.sleep(watchEveryMs, call.signal).catch(() => {})
    if (call.signal.aborted) return 0
    try {
      if (yaml) call.stdout.write("---\n")
      await show(call.stdout.isTTY ? clearScreen : "\n")
    } catch (error) {
      // Whoever watches wants to see it come back: only the first reading may fail the command.
      reportError(error, call.stderr, call.env)
    }
  }
}
