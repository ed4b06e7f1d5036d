import { systemClock } from "../../clock.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { fleetStatus } from "../../fleet/status/fleet-status.ts"
import { type Call, flag } from "../command.ts"
import { reportError } from "../report-error.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { statusPage } from "../status-page.ts"
import { terminalOf } from "../terminal.ts"
import { writeOutput } from "../write-output.ts"

const watchEveryMs = 5000
const clearScreen = "\u001b[H\u001b[J"

export async function run(call: Call): Promise<number> {
  const read = async () => fleetStatus(indexFleet(await loadSnapshot(call, systemClock)))
  const page = async () => statusPage(await read(), terminalOf(call), flag(call, "all"))
  if (flag(call, "watch")) return watch(call, page)
  const status = await read()
  await writeOutput(call, status, () => statusPage(status, terminalOf(call), flag(call, "all")))
  return 0
}

async function watch(call: Call, page: () => Promise<string>): Promise<number> {
  call.stdout.write(await page())
  for (;;) {
    // Ctrl-C ends the wait, and with it the watch.
    await systemClock.sleep(watchEveryMs, call.signal).catch(() => {})
    if (call.signal.aborted) return 0
    try {
      const text = await page()
      call.stdout.write(`${call.stdout.isTTY ? clearScreen : "\n"}${text}`)
    } catch (error) {
      // Whoever watches wants to see it come back: only the first reading may fail the command.
      reportError(error, call.stderr, call.env)
    }
  }
}
