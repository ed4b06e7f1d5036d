import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../scripts/bundle.ts"
import { until } from "../src/agent/testing/agent-world.ts"
import { podInterface, primaryInterface } from "../src/agent/testing/fake-controller.ts"
import { type NodeLab, nodeLab } from "../src/agent/testing/node-lab.ts"
import type { Bench } from "./bench.ts"
import { type Launch, type Launcher, startLauncher } from "./launcher.ts"
import { type Summary, summarise } from "./measure.ts"

const sequential = 100
const burst = 30
const rounds = 5

interface Row {
  readonly what: string
  readonly times: Summary
  /** Median over the median of raw wiring. */
  readonly ratio: number
}

interface Result {
  readonly rows: readonly Row[]
  readonly pluginPeakKiB: number
  readonly agentMiB: { readonly idle: number; readonly after: number }
}

async function measure(): Promise<Result> {
  await using cleanup = new AsyncDisposableStack()
  const state = stateFolder(cleanup)
  // Interpreted sources cost the agent memory and time that its image does not.
  const program = await bundle("agent")
  await using lab = await nodeLab({ IP_COOLDOWN_PERIOD: "0", BERTH_STATE_DIR: state }, program)
  await startNode(lab)
  await using launcher = await startLauncher(lab)
  await pods(lab, launcher, namesOf("warm-up", 30))
  const idle = agentMiB(lab)
  const raw = await rawWiring(lab)
  const { median } = summarise(raw.wire)
  const row = (what: string, values: readonly number[]): Row => {
    const times = summarise(values)
    return { what, times, ratio: times.median / median }
  }
  const version = await oneByOne(launcher, "VERSION", namesOf("x", 50))
  const single = await pods(lab, launcher, namesOf("one", sequential))
  const many = await bursts(lab, launcher)
  const after = agentMiB(lab)
  const restart = await crashes(lab, launcher)
  const ms = (launches: readonly Launch[]) => launches.map((l) => l.ms)
  return {
    rows: [
      row("kernel wiring alone: attach", raw.wire),
      row("kernel wiring alone: detach", raw.unwire),
      row("plugin process alone: VERSION", ms(version)),
      row("ADD through the plugin", ms(single.add)),
      row("DEL through the plugin", ms(single.del)),
      row(`ADD, ${burst} at once: each`, many.each),
      row(`ADD, ${burst} at once: last`, many.lastAdd),
      row(`DEL, ${burst} at once: last`, many.lastDel),
      row(`kill -9 to first ADD, ${sequential} pods`, restart),
    ],
    pluginPeakKiB: Math.max(...single.add.map((l) => l.rssKiB)),
    agentMiB: { idle, after },
  }
}

/** In memory where that is possible, as /var/run/aws-node is on a host. BERTH_BENCH_STATE names another folder. */
function stateFolder(cleanup: AsyncDisposableStack): string {
  const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()
  const folder = process.env["BERTH_BENCH_STATE"] ?? mkdtempSync(join(parent, "berth-bench-"))
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts the agent with room for 240 pods; resolves when it can attach them. */
export async function startNode(lab: NodeLab) {
  const interfaces = [primaryInterface(), podInterface(1, 120), podInterface(2, 120)]
  for (const eni of interfaces) lab.attach(eni)
  lab.startAgent()
  await until("spec of the agent", () => lab.controller.read())
  await lab.controller.grant(interfaces)
  const conflist = join(lab.environment.HOST_CNI_CONFDIR_PATH, "10-aws.conflist")
  await until("CNI configuration", () => existsSync(conflist))
}

/** wirePod and unwirePod in a process of their own, in the node's namespace. */
async function rawWiring(lab: NodeLab): Promise<{ wire: number[]; unwire: number[] }> {
  const names = namesOf("raw", sequential)
  const attachments = names.map((containerId, i) => ({
    namespace: "default",
    pod: containerId,
    containerId,
    interfaceName: "eth0",
    netns: join(lab.folder, "netns", containerId),
    address: `100.64.2.${i + 11}`,
    table: 3,
    mtu: 9001,
    vethPrefix: "eni",
  }))
  for (const name of names) lab.sandbox(name)
  const program = fileURLToPath(new URL("raw-wiring.ts", import.meta.url))
  const args = ["--disable-warning=ExperimentalWarning", program, JSON.stringify(attachments)]
  const output = lab.host.enter(() => execFileSync(process.execPath, args))
  for (const name of names) lab.removeSandbox(name)
  return JSON.parse(output.toString())
}

async function oneByOne(launcher: Launcher, command: string, names: readonly string[]) {
  const launches: Launch[] = []
  for (const container of names) launches.push(...(await all(launcher, command, [container])))
  return launches
}

/** Resolves when the last call has ended; throws when one failed. */
export async function all(launcher: Launcher, command: string, names: readonly string[]) {
  const launches = await launcher.run(names.map((container) => ({ command, container })))
  const failed = launches.filter((l) => l.code !== 0).length
  if (failed > 0) throw new Error(`${failed} of ${names.length} calls of ${command} failed`)
  return launches
}

async function pods(lab: NodeLab, launcher: Launcher, names: readonly string[]) {
  for (const name of names) lab.sandbox(name)
  const add = await oneByOne(launcher, "ADD", names)
  const del = await oneByOne(launcher, "DEL", names)
  for (const name of names) lab.removeSandbox(name)
  return { add, del }
}

async function bursts(lab: NodeLab, launcher: Launcher) {
  const each: number[] = []
  const lastAdd: number[] = []
  const lastDel: number[] = []
  for (let round = 0; round < rounds; round++) {
    const names = namesOf(`burst${round}`, burst)
    for (const name of names) lab.sandbox(name)
    const adds = (await all(launcher, "ADD", names)).map((l) => l.ms)
    each.push(...adds)
    lastAdd.push(Math.max(...adds))
    lastDel.push(Math.max(...(await all(launcher, "DEL", names)).map((l) => l.ms)))
    for (const name of names) lab.removeSandbox(name)
  }
  return { each, lastAdd, lastDel }
}

/** From the start of the agent's successor until a pod has its address: the plugin waits for it meanwhile. */
async function crashes(lab: NodeLab, launcher: Launcher): Promise<number[]> {
  const names = namesOf("kept", sequential)
  for (const name of names) lab.sandbox(name)
  for (const name of names) await all(launcher, "ADD", [name])
  const times: number[] = []
  for (const name of namesOf("after", 3)) {
    lab.sandbox(name)
    await lab.stopAgent("SIGKILL")
    const start = performance.now()
    lab.startAgent()
    await all(launcher, "ADD", [name])
    times.push(performance.now() - start)
  }
  return times
}

export const namesOf = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`)

export function agentMiB(lab: NodeLab): number {
  const status = readFileSync(`/proc/${lab.agentPid()}/status`, "utf8")
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

function table(result: Result): string[] {
  const cell = (value: number) => value.toFixed(2).padStart(8)
  const rows = result.rows.map(({ what, times: t, ratio }) => {
    const cells = [t.median, t.p95, t.p99, t.max].map(cell).join(" ")
    return `${what.padEnd(32)} ${cells} ${ratio.toFixed(1).padStart(7)}`
  })
  const { idle, after } = result.agentMiB
  return [
    `${"milliseconds".padEnd(32)}   median      p95      p99      max   x raw`,
    ...rows,
    `agent as shipped: ${idle.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after`,
    `plugin process: ${(result.pluginPeakKiB / 1024).toFixed(1)} MiB at its peak`,
  ]
}

/** What a pod's network takes, beside what the kernel alone needs. Takes about fifteen seconds. */
export const pod: Bench<Result> = { measure, table }
