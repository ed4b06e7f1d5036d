// Static checks: types, format and lint, promise rules, dead code. Each prints only when it fails.
import { spawnSync } from "node:child_process"

const checks: readonly (readonly [string, ...string[]])[] = [
  ["tsc", "-p", "."],
  ["biome", "check", "."],
  ["oxlint", "--type-aware", "src", "test", "bench", "scripts"],
  ["knip"],
]

let failed = 0
for (const [command, ...args] of checks) {
  const run = spawnSync(command, args, { encoding: "utf8" })
  const ok = run.status === 0
  console.log(`${ok ? "ok    " : "FAILED"} ${[command, ...args].join(" ")}`)
  if (!ok) {
    failed++
    console.log(`${run.stdout ?? ""}${run.stderr ?? ""}${run.error?.message ?? ""}`)
  }
}
process.exit(failed === 0 ? 0 : 1)
