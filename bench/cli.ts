import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { largeFleet } from "./large-fleet.ts"
import { median } from "./percentile.ts"
import type { Row } from "./row.ts"

const size = { nodes: 5_000, pods: 150_000 }
const starts = 30
const runs = 5
const berth = fileURLToPath(new URL("../bin/berth", import.meta.url))
/** At its end a process says how much memory it had at most, in KiB. */
const tellMemory =
  'process.on("exit", () => process.stderr.write(String(process.resourceUsage().maxRSS)))'

/** `berth --version` beside a Node that does nothing, in turn; then `berth status` on a large recorded cluster. */
export async function cli(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-"))
  try {
    const [empty, tell, snapshot] = ["empty.mjs", "tell.mjs", "snapshot.json"].map((name) =>
      join(folder, name),
    ) as [string, string, string]
    writeFileSync(empty, "")
    writeFileSync(tell, tellMemory)
    writeFileSync(snapshot, JSON.stringify(largeFleet(size)))
    const times: Record<"empty" | "version" | "status", number[]> = {
      ...{ empty: [], version: [], status: [] },
    }
    const argv = { empty: [process.execPath, empty], version: [berth, "--version"] } as const
    for (let i = 0; i <= starts; i++)
      for (const name of ["empty", "version"] as const) times[name].push((await run(argv[name])).ms)
    let most = 0
    for (let i = 0; i <= runs; i++) {
      const options = { NODE_OPTIONS: `--import=${tell}` }
      const { ms, said } = await run([berth, "status", "--snapshot", snapshot], options)
      times.status.push(ms)
      most = Math.max(most, Number(said) / 1024)
    }
    return rowsOf(times, most)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function run(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<{ ms: number; said: string }> {
  const begin = performance.now()
  const child = spawn(program, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  })
  let said = ""
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString()
  })
  const [code] = await once(child, "close")
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${said}`)
  return { ms: performance.now() - begin, said }
}

type Times = Readonly<Record<"empty" | "version" | "status", readonly number[]>>

function rowsOf(times: Times, statusMiB: number): Row[] {
  // The first of each fills caches.
  const [empty, version, status] = [times.empty, times.version, times.status].map((all) =>
    median(all.slice(1)),
  ) as [number, number, number]
  const fleet = `${size.nodes.toLocaleString("en")} nodes, ${size.pods.toLocaleString("en")} pods`
  return [
    { what: "a Node that does nothing", value: empty, unit: "ms" },
    {
      ...{ what: "berth --version", value: version, unit: "ms" },
      ...{ ratio: { value: version / empty, to: "empty Node" }, aim: 1.5 },
    },
    { what: `berth status, ${fleet}`, value: status / 1000, unit: "s", aim: 3 },
    { what: "  its memory, peak", value: statusMiB, unit: "MiB", aim: 600 },
  ]
}
