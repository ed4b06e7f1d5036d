import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Bench } from "./bench.ts"
import { largeFleet } from "./large-fleet.ts"
import { type Summary, summarise } from "./measure.ts"

const size = { nodes: 5_000, pods: 150_000 }
const starts = 30
const runs = 5
const berth = fileURLToPath(new URL("../bin/berth", import.meta.url))
/** At its end a process says how much memory it had at most, in KiB. */
const tellMemory =
  'process.on("exit", () => process.stderr.write(String(process.resourceUsage().maxRSS)))'

interface Result {
  readonly emptyMs: Summary
  readonly versionMs: Summary
  readonly statusMs: Summary
  readonly statusMiB: number
}

/** `berth --version` beside a Node that does nothing, in turn; then `berth status` on a large recorded cluster. */
async function measure(): Promise<Result> {
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
    // The first of each fills caches.
    const [emptyMs, versionMs, statusMs] = [times.empty, times.version, times.status].map((all) =>
      summarise(all.slice(1)),
    ) as [Summary, Summary, Summary]
    return { emptyMs, versionMs, statusMs, statusMiB: most }
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

function table({ emptyMs, versionMs, statusMs, statusMiB }: Result): string[] {
  const ratio = versionMs.median / emptyMs.median
  return [
    `  a Node that does nothing   ${emptyMs.median.toFixed(0)} ms`,
    `  berth --version            ${versionMs.median.toFixed(0)} ms, ${ratio.toFixed(2)} times as long (aim 1.5)`,
    `  berth status, ${size.nodes.toLocaleString("en")} nodes and ${size.pods.toLocaleString("en")} pods   ${(statusMs.median / 1000).toFixed(2)} s (aim 3), ${statusMiB.toFixed(0)} MiB (aim 600)`,
  ]
}

export const cli: Bench<Result> = { measure, table }
