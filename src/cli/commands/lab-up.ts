import type { Call } from "../command.ts"
import { text } from "../command.ts"
import { labOptionsOf } from "../lab-options.ts"

export async function run(call: Call): Promise<number> {
  const [{ launchLab }, { environmentOf, exportLines }, { scenarios }, { outages }] =
    await Promise.all([
      import("../../lab/launch.ts"),
      import("../../lab/environment.ts"),
      import("../../lab/scenarios.ts"),
      import("../../lab/scenarios/outages.ts"),
    ])
  const name = text(call, "scenario") ?? "exhausted"
  const outage = outages.find((o) => o.name === name)
  const scenario = outage ? scenarios.healthy : scenarios[name as keyof typeof scenarios]
  const lab = await launchLab({
    ...labOptionsOf(call),
    scenario,
    onProgress: (progress) => call.stderr.write(`${progress}\n`),
  })
  await using _ = { [Symbol.asyncDispose]: () => lab.stop() }
  if (lab.hollow) call.stderr.write(`Nothing is wired: ${lab.hollow}\n`)
  if (outage !== undefined) {
    const [{ createShell }, { bringAbout }] = await Promise.all([
      import("../../lab/demo/shell.ts"),
      import("../../lab/scenarios/bring-about.ts"),
    ])
    call.stderr.write(`${outage.story}\n`)
    const shell = createShell({ ...call.env, ...environmentOf(lab) })
    await bringAbout(outage, shell, (line) => call.stderr.write(`$ ${line}\n`))
    call.stderr.write("In a while pods wait for addresses: berth doctor says why.\n")
  }
  call.stdout.write(`${exportLines(lab).join("\n")}\n`)
  const stopped = new Promise<"stopped">((resolve) =>
    call.signal.addEventListener("abort", () => resolve("stopped"), { once: true }),
  )
  const end = await Promise.race([lab.ended, stopped])
  if (end === "stopped" || end.expected) return 0
  call.stderr.write(`error: the lab ended: ${end.why}\n`)
  return 1
}
