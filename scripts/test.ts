// `npm test`: the static checks, then every test. Arguments choose: parts of paths (`npm test -- src/vpc`), or else parts
// of the names of tests (`npm test -- W16`).
//
// Unit tests (`*.test.ts`) share one process. Kernel tests (`*.kernel.test.ts`) and end-to-end tests
// (`*.e2e.test.ts`) make namespaces or start labs, so each file gets a process and they run one after another.
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
// One run of the runner over all files, so that its summary counts everything; --test-concurrency=1 keeps kernel and
// end-to-end files from disturbing each other, and unit files are cheap enough to be in the queue with them.
run([
  "--test",
  "--test-concurrency=1",
  "--test-reporter=spec",
  ...names.flatMap((name) => ["--test-name-pattern", name]),
  ...chosen.filter((f) => !alone(f)),
  ...chosen.filter(alone),
])
process.exit(failed ? 1 : 0)
