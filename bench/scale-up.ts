import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../scripts/bundle.ts"
import { launchWorld } from "../src/lab/sandbox/launch-world.ts"
import { stateFiles, type WorldInput } from "../src/lab/world/state-folder.ts"
import type { Bench } from "./bench.ts"
import { criticalPathMs, scenario } from "./scale/scenario.ts"
import type { Figures } from "./scale/world.ts"

const script = fileURLToPath(new URL("./scale/world.ts", import.meta.url))

async function measureWorld(
  prefixDelegation: boolean,
  programs: readonly string[],
): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-"))
  const input: WorldInput = { name: "bench", folder, scenario }
  writeFileSync(stateFiles(folder).input, JSON.stringify(input))
  const mode = prefixDelegation ? "prefixes" : "addresses"
  const world = await launchWorld({
    ...{ script, folder, args: [folder, String(prefixDelegation), ...programs] },
    onEvent: (event) => event.event === "progress" && console.error(`${mode}: ${event.text}`),
  })
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
  return JSON.parse(world.facts["figures"] ?? "") as Figures
}

interface Result {
  readonly machine: { readonly cores: number; readonly load: number }
  readonly criticalPathMs: number
  readonly addresses: Figures
  readonly prefixes: Figures
}

type Row = readonly [what: string, figure: string, bound: string]

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
const overCloud = (ms: number) =>
  `${(ms / criticalPathMs).toFixed(2)} x create + attach + link (${seconds(criticalPathMs)})`

function burstRows(mode: string, { cold, burst }: Figures): Row[] {
  const { calls, metadataCalls, servingMs } = cold
  return [
    [`cold node, ${mode}`, `${calls} EC2 calls, ${metadataCalls} of metadata`, "at most 4, and 0"],
    ["  launched to serving", seconds(servingMs), overCloud(servingMs)],
    [`110 pods at once, ${mode}`, `${burst.failedAdds} failed ADDs`, "0"],
    ["  all have an address", seconds(burst.assignedMs), overCloud(burst.assignedMs)],
    ["  all show it in the API", seconds(burst.shownMs), overCloud(burst.shownMs)],
    [
      "  EC2 calls, calls of metadata",
      `${burst.calls}, ${burst.metadataCalls - metadataCalls}`,
      "",
    ],
    ["  agent's resident memory", `${burst.agentMiB.toFixed(0)} MiB`, ""],
  ]
}

function rowsOf({ addresses, prefixes }: Result): Row[] {
  const { churned, groups, rebound, exhausted } = addresses
  const rows = [...burstRows("addresses", addresses), ...burstRows("prefixes", prefixes)]
  const add = (...row: Row) => void rows.push(row)
  if (churned) add("100 pods deleted and created again", `${churned.calls} EC2 calls`, "0")
  if (prefixes.crashed)
    add("kill -9 to first ADD, 110 pods", seconds(prefixes.crashed.firstAddMs), "0.7 s")
  if (groups) {
    const calls = groups.byAction["ModifyNetworkInterfaceAttribute"]
    const what = `security groups edited, ${groups.interfaces} live ENIs`
    add(what, `${seconds(groups.ms)}, ${calls} calls`, "one call each")
  }
  if (rebound) add("another binding: first pod served", seconds(rebound.ms), overCloud(rebound.ms))
  if (exhausted) {
    add("subnet full: reason on the pods", seconds(exhausted.onPodMs), "1 s")
    add("  on the node, on the ENIConfig", both(exhausted.onNodeMs, exhausted.onConfigMs), "1 s")
    add("  as condition of the ENIConfig", seconds(exhausted.conditionMs), "1 s")
    const { servedMs } = exhausted
    add("  another subnet named: pods served", seconds(servedMs), overCloud(servedMs))
  }
  return rows
}

const both = (a: number, b: number) => `${seconds(a)}, ${seconds(b)}`

async function measure(): Promise<Result> {
  const machine = { cores: availableParallelism(), load: loadavg()[0] ?? 0 }
  const programs = [await bundle("agent"), await bundle("controller")]
  const addresses = await measureWorld(false, programs)
  return { machine, criticalPathMs, addresses, prefixes: await measureWorld(true, programs) }
}

function table(result: Result): string[] {
  const { cores, load } = result.machine
  return [
    ...rowsOf(result).map(([what, figure, bound]) =>
      `${what.padEnd(42)} ${figure.padEnd(28)} ${bound}`.trimEnd(),
    ),
    `${cores} cores, load average ${load.toFixed(1)} at the start`,
  ]
}

/**
 * How a node's network grows, beside what the cloud takes for it. The whole system runs on this machine (controller,
 * agent, plugin, API server, kubelets) over an emulated EC2 with the usual latencies, and is measured from inside. Takes
 * about two minutes.
 */
export const scaleUp: Bench<Result> = { measure, table }
