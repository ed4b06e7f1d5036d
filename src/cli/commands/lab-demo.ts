import { systemClock } from "../../clock.ts"
import type { Call } from "../command.ts"
import { flag } from "../command.ts"
import { labOptionsOf } from "../lab-options.ts"
import { table } from "../table.ts"

export async function run(call: Call): Promise<number> {
  const { runDemo } = await import("../../lab/demo/run-demo.ts")
  return runDemo({
    ...labOptionsOf(call),
    once: flag(call, "once"),
    out: call.stdout,
    env: call.env,
    signal: call.signal,
    clock: systemClock,
    table,
  })
}
