// `npm run bench`: measures Berth on this machine, each time beside what the kernel or the cloud alone needs, so that the
// ratios hold wherever it runs. Arguments name the benches to run (all by default); `-o json` is for programs.
import { parseArgs } from "node:util"
import { namespaceRights } from "../src/kernel/rights.ts"
import type { Bench } from "./bench.ts"
import { cli } from "./cli.ts"
import { memory } from "./memory.ts"
import { pod } from "./pod.ts"
import { scaleUp } from "./scale-up.ts"

const benches: Readonly<Record<string, () => Promise<Outcome>>> = {
  pod: () => run(pod),
  "scale-up": () => run(scaleUp),
  memory: () => run(memory),
  cli: () => run(cli),
}

interface Outcome {
  readonly result: unknown
  readonly lines: readonly string[]
}

async function run<Result>({ measure, table }: Bench<Result>): Promise<Outcome> {
  const result = await measure()
  return { result, lines: table(result) }
}

const options = { output: { type: "string", short: "o" } } as const
const { values, positionals } = parseArgs({ options, allowPositionals: true })
const names = positionals.length > 0 ? positionals : Object.keys(benches)
const unknown = names.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(", ")}; there are: ${Object.keys(benches).join(", ")}`)
  process.exit(64)
}
const rights = namespaceRights()
if (!rights.allowed) {
  console.error(`the bench needs network namespaces: ${rights.why}`)
  process.exit(77)
}
const results: Record<string, unknown> = {}
for (const name of names) {
  const outcome = await benches[name]?.()
  results[name] = outcome?.result
  if (values.output !== "json") console.log([name, ...(outcome?.lines ?? []), ""].join("\n"))
}
if (values.output === "json") console.log(JSON.stringify(results, undefined, 2))
