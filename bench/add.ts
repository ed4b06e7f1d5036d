import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { bundle } from "../scripts/bundle.ts"
import { type NodeLab, nodeLab } from "../src/agent/testing/node-lab.ts"
import { crashRow } from "./crash-row.ts"
import { type Launch, type Launcher, startLauncher } from "./launcher.ts"
import { all, endSandboxes, namesOf, removeFolder, startNode, stateFolders } from "./node.ts"
import { median, percentile } from "./percentile.ts"
import { type RawWirer, startRawWirer } from "./raw-wirer.ts"
import type { Row } from "./row.ts"

const samples = 400
/** Pods of one round: their sandboxes are made before it and ended after it, when nothing is timed. */
const perRound = 50
const burst = 30
const bursts = 12
const kept = 100

interface Stage {
  readonly lab: NodeLab
  readonly launcher: Launcher
  readonly raw: RawWirer
  /** The agent's state folder. */
  readonly state: string
}

/**
 * What a pod's network takes through the real plugin process, beside what the kernel alone needs for it, by turns in the
 * same node. Takes about half a minute.
 */
export async function add(): Promise<Row[]> {
  const program = await bundle("agent")
  const inMemory = await onNode(program, "memory", async (stage) => {
    await rounds(stage, perRound)
    const single = await rounds(stage, samples)
    await manyAtOnce(stage, 1)
    const many = await manyAtOnce(stage, bursts)
    return { single, many, restarts: await crashes(stage) }
  })
  const onDisk = await onNode(program, "disk", async (stage) => {
    await rounds(stage, perRound)
    return rounds(stage, samples / 2)
  })
  return [...singleRows(inMemory.single), ...burstRows(inMemory), ...diskRows(onDisk)]
}

async function onNode<T>(
  program: string,
  where: keyof typeof stateFolders,
  measure: (stage: Stage) => Promise<T>,
): Promise<T> {
  await using cleanup = new AsyncDisposableStack()
  const state = stateFolders[where]()
  cleanup.defer(() => removeFolder(state))
  const env = { IP_COOLDOWN_PERIOD: "0", BERTH_STATE_DIR: state }
  const lab = cleanup.use(await nodeLab(env, program))
  await startNode(lab)
  const launcher = cleanup.use(await startLauncher(lab))
  const raw = cleanup.use(startRawWirer(lab))
  return await measure({ lab, launcher, raw, state })
}

type Single = Awaited<ReturnType<typeof rounds>>

/** Pods one after another, each beside a raw wiring, so that whatever else the machine does meets both. */
async function rounds({ lab, launcher, raw, state }: Stage, count: number) {
  const times = { raw: [], sync: [], plugin: [], add: [], del: [] } as Record<
    "raw" | "sync" | "plugin" | "add" | "del",
    number[]
  >
  let pluginKiB = 0
  const call = async (command: string, name: string) => {
    const [launch] = await all(launcher, command, [name])
    pluginKiB = Math.max(pluginKiB, launch?.rssKiB ?? 0)
    return launch?.ms ?? Number.NaN
  }
  for (let done = 0; done < count; done += perRound) {
    const size = Math.min(perRound, count - done)
    const pods = namesOf(`one${done}`, size)
    const bare = namesOf(`raw${done}`, size)
    for (const name of [...pods, ...bare]) lab.sandbox(name)
    for (const [i, pod] of pods.entries()) {
      const other = bare[i] ?? ""
      times.raw.push(await raw.run("wire", other, i))
      times.add.push(await call("ADD", pod))
      times.plugin.push(await call("VERSION", pod))
      times.sync.push(syncAppend(join(state, "sync")))
      await raw.run("unwire", other, i)
      times.del.push(await call("DEL", pod))
    }
    await endSandboxes(lab, [...pods, ...bare])
  }
  return { ...times, pluginKiB }
}

/** Milliseconds that the disk takes to keep one line of a journal. */
function syncAppend(path: string): number {
  const file = openSync(path, "a")
  const start = performance.now()
  writeSync(file, Buffer.alloc(300))
  fdatasyncSync(file)
  const ms = performance.now() - start
  closeSync(file)
  return ms
}

/** As many pods at once, with some one after another between the bursts to compare with. */
async function manyAtOnce(stage: Stage, count: number) {
  const { lab, launcher } = stage
  const times = { raw: [] as number[], lastAdd: [] as number[], lastDel: [] as number[] }
  for (let round = 0; round < count; round++) {
    times.raw.push(...(await rounds(stage, perRound / 5)).raw)
    const pods = namesOf(`burst${round}`, burst)
    for (const name of pods) lab.sandbox(name)
    times.lastAdd.push(slowest(await all(launcher, "ADD", pods)))
    times.lastDel.push(slowest(await all(launcher, "DEL", pods)))
    await endSandboxes(lab, pods)
  }
  return times
}

const slowest = (launches: readonly Launch[]) => Math.max(...launches.map((launch) => launch.ms))

/** From the start of the agent's successor until a pod has its address: the plugin waits for it meanwhile. */
async function crashes({ lab, launcher }: Stage): Promise<number[]> {
  const names = namesOf("kept", kept)
  for (const name of names) lab.sandbox(name)
  for (const name of names) await all(launcher, "ADD", [name])
  const times: number[] = []
  for (const name of namesOf("after", 5)) {
    lab.sandbox(name)
    await lab.stopAgent("SIGKILL")
    const start = performance.now()
    lab.startAgent()
    await all(launcher, "ADD", [name])
    times.push(performance.now() - start)
  }
  return times
}

function singleRows({ raw, plugin, add, del, pluginKiB }: Single): Row[] {
  const wiring = median(raw)
  const one = median(add)
  const to = "raw wiring"
  const p99 = percentile(add, 0.99)
  const rawP99 = percentile(raw, 0.99)
  return [
    { what: "raw kernel wiring of a pod", value: wiring, unit: "ms", original: "1.2 ms" },
    {
      ...{ what: "raw kernel wiring, p99", value: rawP99, unit: "ms" },
      ratio: { value: rawP99 / wiring, to: "median" },
    },
    { what: "plugin process alone (VERSION)", value: median(plugin), unit: "ms" },
    {
      ...{ what: "ADD, median", value: one, unit: "ms", original: "14-16 ms" },
      ...{ ratio: { value: one / wiring, to }, aim: 3 },
    },
    {
      ...{ what: "ADD, p99", value: p99, unit: "ms", original: "18-31 ms" },
      ...{ ratio: { value: p99 / one, to: "median" }, aim: 4 },
    },
    {
      ...{ what: "DEL, median", value: median(del), unit: "ms", original: "10-13 ms" },
      ...{ ratio: { value: median(del) / one, to: "ADD" }, aim: 1 },
    },
    { what: "plugin process, peak", value: pluginKiB / 1024, unit: "MiB", original: "15 MB" },
  ]
}

function burstRows({
  many,
  restarts,
}: {
  many: Awaited<ReturnType<typeof manyAtOnce>>
  restarts: readonly number[]
}): Row[] {
  const last = median(many.lastAdd)
  const ratio = { value: last / median(many.raw), to: "raw wiring" }
  return [
    {
      ...{ what: `${burst} ADDs at once, the last`, value: last, unit: "ms" },
      ...{ ratio, aim: 30, original: "220-390 ms" },
    },
    { what: `${burst} DELs at once, the last`, value: median(many.lastDel), unit: "ms" },
    crashRow(kept, median(restarts)),
  ]
}

function diskRows({ raw, add, sync }: Single): Row[] {
  const one = median(add)
  return [
    { what: "this disk: one line written and synced", value: median(sync), unit: "ms" },
    {
      ...{ what: "ADD, median, journal on this disk", value: one, unit: "ms" },
      ...{ ratio: { value: one / median(raw), to: "raw wiring" }, aim: 3 },
    },
  ]
}
