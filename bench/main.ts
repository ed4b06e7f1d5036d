// `npm run bench`: measures Berth on this machine, each time beside what the kernel or the cloud alone needs, so that the
// ratios hold wherever it runs. Arguments name the groups to measure (all by default); `-o json` is for programs.
// What the rows mean, and figures: docs/performance.md.
import { availableParallelism, loadavg } from "node:os"
import { parseArgs } from "node:util"
import { namespaceRights } from "../src/kernel/rights.ts"
import { add } from "./add.ts"
import { cli } from "./cli.ts"
import { memory } from "./memory.ts"
import { type Row, table } from "./row.ts"
import { scale } from "./scale.ts"

const groups: Readonly<Record<string, () => Promise<Row[]>>> = { add, scale, memory, cli }

const options = { output: { type: "string", short: "o" } } as const
const { values, positionals } = parseArgs({ options, allowPositionals: true })
const names = positionals.length > 0 ? positionals : Object.keys(groups)
const unknown = names.filter((name) => !(name in groups))
if (unknown.length > 0) {
  console.error(`no group ${unknown.join(", ")}; there are: ${Object.keys(groups).join(", ")}`)
  process.exit(64)
}
const rights = namespaceRights()
if (!rights.allowed) {
  console.error(`the bench needs network namespaces: ${rights.why}`)
  process.exit(77)
}
const load = () => loadavg()[0] ?? 0
const before = load()
const rows: Row[] = []
for (const name of names) {
  console.error(`measuring ${name}`)
  rows.push(...((await groups[name]?.()) ?? []))
}
const machine = { cores: availableParallelism(), node: process.version, load: [before, load()] }
if (values.output === "json") console.log(JSON.stringify({ machine, rows }, undefined, 2))
else {
  const loads = machine.load.map((value) => value.toFixed(1)).join(" before, ")
  console.log(
    [...table(rows), "", `${machine.cores} cores, ${machine.node}, load ${loads} after`].join("\n"),
  )
}
