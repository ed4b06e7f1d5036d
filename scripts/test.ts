// `npm test`: the static checks, then every test. Arguments choose: parts of paths (`npm test -- src/vpc`), or else parts
// of the names of tests (`npm test -- W16`).
//
// Unit tests (`*.test.ts`) share one process: starting one for each file would cost more than the tests. Kernel tests
// (`*.kernel.test.ts`) and end-to-end tests (`*.e2e.test.ts`) make namespaces or start labs, so each file gets a process
// and they run one after another.
import { spawnSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"

const only = process.argv.slice(2)
const all = globSync("{src,test,scripts,bench}/**/*.test.ts").sort()
const names = only.filter((o) => !all.some((f) => f.includes(o)))
const paths = only.filter((o) => !names.includes(o))
const within = paths.length === 0 ? all : all.filter((f) => paths.some((p) => f.includes(p)))
const naming = within.filter((f) => names.some((n) => readFileSync(f, "utf8").includes(n)))
// Case tables hold names too: what no test file says is looked for in all.
const chosen = naming.length > 0 ? naming : within
const alone = (f: string) => /\.(kernel|e2e)\.test\.ts$/.test(f)

let failed = false
const run = (args: readonly string[]) => {
  const child = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    stdio: "inherit",
  })
  failed ||= child.status !== 0
}

if (only.length === 0) run(["scripts/check.ts"])
const test = (files: readonly string[], ...how: readonly string[]) => {
  if (files.length === 0) return
  const naming = names.flatMap((name) => ["--test-name-pattern", name])
  run(["--test", "--test-reporter=spec", ...how, ...naming, ...files])
}
test(
  chosen.filter((f) => !alone(f)),
  "--test-isolation=none",
)
test(chosen.filter(alone), "--test-concurrency=1")
process.exit(failed ? 1 : 0)
