import { systemClock } from "../../clock.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { type FleetStatus, fleetStatus } from "../../fleet/status/fleet-status.ts"
import { type Call, flag } from "../command.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { statusPage } from "../status-page.ts"
import { writeOutput } from "../write-output.ts"

const watchEveryMs = 5000
const clearScreen = "\u001b[H\u001b[2J"

export async function run(call: Call): Promise<number> {
  const read = async () => fleetStatus(indexFleet(await loadSnapshot(call, systemClock)))
  if (!flag(call, "watch")) {
    const status = await read()
    await writeOutput(call, status, () => page(call, status))
    return 0
  }
  while (!call.signal.aborted) {
    const status = await read()
    call.stdout.write(`${call.stdout.isTTY ? clearScreen : ""}${page(call, status)}`)
    // Ctrl-C ends the wait, and with it the watch.
    await systemClock.sleep(watchEveryMs, call.signal).catch(() => {})
  }
  return 0
}

const page = (call: Call, status: FleetStatus) =>
  statusPage(status, {
    colour: call.stdout.isTTY === true && call.env["NO_COLOR"] === undefined,
    all: flag(call, "all"),
    ...(call.stdout.isTTY && call.stdout.columns ? { width: call.stdout.columns } : {}),
  })
