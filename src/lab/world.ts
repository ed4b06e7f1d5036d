// The world: everything a lab is made of, in one process. launch.ts starts it in namespaces of its own.
import { readFileSync } from "node:fs"
import { systemClock } from "../clock.ts"
import { BerthError } from "../errors/berth-error.ts"
import { linkToLauncher } from "./sandbox/control-channel.ts"
import { startWorld } from "./world/start-world.ts"
import { stateFiles, type WorldInput } from "./world/state-folder.ts"
import { lineLogger } from "./world/world-log.ts"

/** An orderly end is worth this long; after that the kernel ends what is left, with this process. */
const undoMs = 3_000

const folder = process.argv[2] ?? "."
const launcher = linkToLauncher()
const log = lineLogger(process.stdout, systemClock)
const ending = new AbortController()
process.on("unhandledRejection", (error) =>
  log.error("unhandled rejection", { error: error instanceof Error ? error.stack : String(error) }),
)
try {
  const world = await startWorld({
    input: JSON.parse(readFileSync(stateFiles(folder).input, "utf8")) as WorldInput,
    clock: systemClock,
    random: Math.random,
    log,
    signal: ending.signal,
    hollow: process.env["BERTH_LAB_HOLLOW"],
    progress: (text) => launcher.tell({ event: "progress", text }),
  })
  launcher.tell({ event: "ready", facts: world.facts })
  const why = await Promise.race([launcher.stopRequested, world.failed])
  log.info("ending", { why })
  ending.abort()
  const undone = world[Symbol.asyncDispose]()
  await Promise.race([undone, systemClock.sleep(undoMs)])
  process.exit(0)
} catch (error) {
  const known = error instanceof BerthError
  log.error("the world cannot go on", { error: (error as Error).stack })
  launcher.tell({
    event: "failed",
    code: known ? error.code : "lab/defect",
    message: (error as Error).message,
    hint: known ? error.hint : "See world.log in the lab's state folder.",
  })
  process.exit(1)
}
