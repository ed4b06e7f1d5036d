// Entry of every npm script: runs on any Node >= 20, installs what is missing, then hands over to the pinned Node.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const [task, ...rest] = process.argv.slice(2)
const node = join(root, "node_modules", ".bin", "node")

const tasks = {
  start: ["src/cli/main.ts", "lab", "demo"],
  berth: ["src/cli/main.ts"],
  test: ["scripts/test.ts"],
  check: ["scripts/check.ts"],
  bench: ["bench/main.ts"],
}

// npm writes this file last, so a half-finished install counts as missing. Comparing it with the lockfile's
// packages tells an install from before a dependency changed.
function installed() {
  const done = join(root, "node_modules", ".package-lock.json")
  if (!existsSync(done) || !existsSync(node)) return false
  const versions = (file) =>
    Object.entries(JSON.parse(readFileSync(file, "utf8")).packages ?? {})
      .filter(([path, p]) => path !== "" && !p.optional)
      .map(([path, p]) => `${path}@${p.version}`)
  const have = new Set(versions(done))
  return versions(join(root, "package-lock.json")).every((v) => have.has(v))
}

if (!(task in tasks)) {
  console.error(`unknown task "${task}"; one of: ${Object.keys(tasks).join(", ")}`)
  process.exit(64)
}
if (!installed()) {
  console.error("Installing dependencies (once; about half a minute)...")
  const npm = spawnSync("npm", ["ci", "--loglevel=error", "--no-fund", "--no-audit"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  })
  if (npm.status !== 0) {
    console.error("npm ci failed: see above. Is the npm registry reachable?")
    process.exit(npm.status ?? 1)
  }
}
// NODE_EXTRA_CA_CERTS costs every start of a child some 40 ms and none of them needs it.
const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env
const entry = tasks[task]
const child = spawn(
  node,
  ["--disable-warning=ExperimentalWarning", join(root, entry[0]), ...entry.slice(1), ...rest],
  {
    stdio: "inherit",
    env: {
      // Compiled sources are kept between runs, for every child too: a lab starts a dozen Node processes.
      NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "berth"),
      ...env,
      PATH: `${join(root, "node_modules", ".bin")}:${env.PATH}`,
    },
  },
)
// A terminal sends these to the child as well, which ends in order: its caller must not be told before.
for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {})
process.on("SIGTERM", () => child.kill("SIGTERM"))
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)))
