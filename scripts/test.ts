// `npm test`: the static checks, then every test. Arguments choose: parts of paths (`npm test -- src/vpc`), or else parts
// of the names of tests (`npm test -- W16`).
//
// Unit tests (`*.test.ts`) share one process: starting one for each file would cost more than the tests. Kernel tests
// (`*.kernel.test.ts`) and end-to-end tests (`*.e2e.test.ts`) make namespaces or start labs, so each file gets a process;
// they wait more than they compute, so two run at once.
import { spawnSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"

const only = process.argv.slice(2)
const all = globSync("{src,test,scripts,bench}/**/*.test.ts").sort()
const names = only.filter((o) => !all.some((f) => f.includes(o)))
const paths = only.filter((o) => !names.includes(o))
const within = paths.length === 0 ? all : all.filter((f) => paths.some((p) => f.includes(p)))
const naming = within.filter((f) => names.some((n) => readFileSync(f, "utf8").includes(n)))
// Case tables hold names too: what no test file says is looked for in all.
const chosen = naming.length > 0 ? naming : within
const alone = (f: string) => /\.(kernel|e2e)\.test\.ts$/.test(f)

const failed: string[] = []
const run = (what: string, args: readonly string[]) => {
  const child = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    stdio: "inherit",
  })
  if (child.status !== 0) failed.push(what)
}
const test = (what: string, files: readonly string[], how: string) => {
  if (files.length === 0) return
  const naming = names.flatMap((name) => ["--test-name-pattern", name])
  run(what, ["--test", "--test-reporter=spec", how, ...naming, ...files])
}

if (only.length === 0) run("static checks", ["scripts/check.ts"])
const unit = chosen.filter((f) => !alone(f))
test("unit tests", unit, "--test-isolation=none")
const lanes = Math.min(2, availableParallelism())
test("kernel and end-to-end tests", chosen.filter(alone), `--test-concurrency=${lanes}`)
// Each run sums up itself: without this a failure of the first could be overlooked at the end of the last.
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`)
process.exit(failed.length > 0 ? 1 : 0)
