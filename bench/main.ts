// `npm run bench`: how long a pod's network takes, beside what the kernel alone needs, measured in one run on this
// machine: so the ratios hold wherever it runs. `-o json` for programs. Takes about twenty seconds.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { until } from "../src/agent/testing/agent-world.ts"
import { podInterface, primaryInterface } from "../src/agent/testing/fake-controller.ts"
import { type NodeLab, nodeLab } from "../src/agent/testing/node-lab.ts"
import { namespaceRights } from "../src/kernel/rights.ts"
import { type Summary, summarise } from "./measure.ts"

const sequential = 100
const burst = 30
const rounds = 4

interface Row {
  readonly what: string
  readonly times: Summary
  /** Over the median of raw wiring. */
  readonly ratio: number
}

async function measure() {
  await using lab = await nodeLab({ IP_COOLDOWN_PERIOD: "0" })
  await start(lab)
  const raw = await rawWiring(lab)
  const rows: Row[] = []
  const add = (what: string, times: readonly number[], over = raw.wire) => {
    const summary = summarise(times)
    rows.push({ what, times: summary, ratio: summary.median / summarise(over).median })
  }
  add("kernel wiring alone, attach", raw.wire)
  add("kernel wiring alone, detach", raw.unwire)
  add("plugin process alone (VERSION)", await repeat(50, () => lab.plugin("VERSION", "x")))
  const one = await oneByOne(lab)
  add("ADD through the plugin", one.add)
  add("DEL through the plugin", one.del)
  const many = await bursts(lab)
  add(`ADD, ${burst} at once: each`, many.each)
  add(`ADD, ${burst} at once: last`, many.last)
  add(`DEL, ${burst} at once: last`, many.del)
  return { rows, memory: memory(lab) }
}

async function start(lab: NodeLab) {
  const interfaces = [primaryInterface(), podInterface(1, 120), podInterface(2, 120)]
  for (const eni of interfaces) lab.attach(eni)
  await lab.startAgent()
  await until("spec of the agent", () => lab.controller.read())
  await lab.controller.grant(interfaces)
  lab.sandbox("first")
  const first = await lab.plugin("ADD", "first")
  if (first.code !== 0) throw new Error(JSON.stringify(first.output))
  await lab.plugin("DEL", "first")
  lab.removeSandbox("first")
}

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
  const output = lab.host.enter(() =>
    execFileSync(process.execPath, [
      "--disable-warning=ExperimentalWarning",
      program,
      JSON.stringify(attachments),
    ]),
  )
  for (const name of names) lab.removeSandbox(name)
  return JSON.parse(output.toString())
}

async function repeat(count: number, run: () => Promise<{ ms: number }>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) times.push((await run()).ms)
  return times
}

async function call(lab: NodeLab, command: string, name: string): Promise<number> {
  const { code, output, ms } = await lab.plugin(command, name)
  if (code !== 0) throw new Error(`${command}: ${JSON.stringify(output)}`)
  return ms
}

async function oneByOne(lab: NodeLab) {
  const names = namesOf("seq", sequential)
  for (const name of names) lab.sandbox(name)
  const add: number[] = []
  const del: number[] = []
  for (const name of names) add.push(await call(lab, "ADD", name))
  for (const name of names) del.push(await call(lab, "DEL", name))
  for (const name of names) lab.removeSandbox(name)
  return { add, del }
}

async function bursts(lab: NodeLab) {
  const each: number[] = []
  const last: number[] = []
  const del: number[] = []
  for (let round = 0; round < rounds; round++) {
    const names = namesOf(`burst${round}`, burst)
    for (const name of names) lab.sandbox(name)
    const adds = await Promise.all(names.map((name) => call(lab, "ADD", name)))
    each.push(...adds)
    last.push(Math.max(...adds))
    del.push(Math.max(...(await Promise.all(names.map((name) => call(lab, "DEL", name))))))
    for (const name of names) lab.removeSandbox(name)
  }
  return { each, last, del }
}

const namesOf = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`)

function memory(lab: NodeLab) {
  const status = readFileSync(`/proc/${lab.agentPid()}/status`, "utf8")
  const agentMiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  return { agentMiB }
}

function print({ rows, memory: m }: Awaited<ReturnType<typeof measure>>) {
  const ms = (value: number) => value.toFixed(2).padStart(8)
  console.log(`${"milliseconds".padEnd(34)}   median      p95      p99      max   x raw`)
  for (const { what, times: t, ratio } of rows) {
    const cells = [t.median, t.p95, t.p99, t.max].map(ms).join(" ")
    console.log(`${what.padEnd(34)} ${cells} ${ratio.toFixed(1).padStart(7)}`)
  }
  console.log(`agent: ${m.agentMiB.toFixed(0)} MiB resident`)
}

const { values } = parseArgs({ options: { output: { type: "string", short: "o" } } })
const rights = namespaceRights()
if (!rights.allowed) {
  console.error(`the bench needs network namespaces: ${rights.why}`)
  process.exit(77)
}
const result = await measure()
if (values.output === "json") console.log(JSON.stringify(result, undefined, 2))
else print(result)
