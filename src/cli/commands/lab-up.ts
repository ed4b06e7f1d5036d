import type { Call } from "../command.ts"
import { text } from "../command.ts"
import { labOptionsOf } from "../lab-options.ts"

export async function run(call: Call): Promise<number> {
  const [{ launchLab }, { exportLines }, { scenarios }] = await Promise.all([
    import("../../lab/launch.ts"),
    import("../../lab/environment.ts"),
    import("../../lab/scenarios.ts"),
  ])
  const scenario = scenarios[(text(call, "scenario") ?? "exhausted") as keyof typeof scenarios]
  const lab = await launchLab({
    ...labOptionsOf(call),
    scenario,
    onProgress: (progress) => call.stderr.write(`${progress}\n`),
  })
  await using _ = { [Symbol.asyncDispose]: () => lab.stop() }
  if (lab.hollow) call.stderr.write(`Nothing is wired: ${lab.hollow}\n`)
  call.stdout.write(`${exportLines(lab).join("\n")}\n`)
  const stopped = new Promise<"stopped">((resolve) =>
    call.signal.addEventListener("abort", () => resolve("stopped"), { once: true }),
  )
  const end = await Promise.race([lab.ended, stopped])
  if (end === "stopped" || end.expected) return 0
  call.stderr.write(`error: the lab ended: ${end.why}\n`)
  return 1
}
