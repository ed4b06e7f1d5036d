import { setTimeout as sleep } from "node:timers/promises"
import { bundle } from "../scripts/bundle.ts"
import { type NodeLab, nodeLab } from "../src/agent/testing/node-lab.ts"
import { controllerMemory } from "./controller-memory.ts"
import { type Launcher, startLauncher } from "./launcher.ts"
import { agentMiB, all, namesOf, startNode } from "./node.ts"
import type { Row } from "./row.ts"

const pods = 200
const pairs = 10_000
/** From here on whatever is made once has been made. */
const warmPairs = 1_000
/** ADDs at the same time. */
const batch = 25
/** V8 collects what a burst left behind when nothing was asked of it for some seconds. */
const restMs = 12_000

/** Resident memory of agent and controller as their images have them. Takes about two minutes and a half. */
export async function memory(): Promise<Row[]> {
  return [...(await agentRows()), ...controllerRows(await controllerMemory())]
}

async function agentRows(): Promise<Row[]> {
  // Nothing is given back between the steps.
  const env = { IP_COOLDOWN_PERIOD: "0", DISABLE_NETWORK_RESOURCE_PROVISIONING: "true" }
  await using lab = await nodeLab(env, await bundle("agent"))
  await startNode(lab)
  await using launcher = await startLauncher(lab)
  const rested = async () => {
    await sleep(restMs)
    return agentMiB(lab)
  }
  const idle = await rested()
  const names = namesOf("pod", pods)
  for (const name of names) lab.sandbox(name)
  for (const group of batches(names)) await all(launcher, "ADD", group)
  const withPods = await rested()
  for (const group of batches(names)) await all(launcher, "DEL", group)
  for (const name of names) lab.removeSandbox(name)
  let peak = await pairUp(lab, launcher, warmPairs)
  const warm = await rested()
  peak = Math.max(peak, await pairUp(lab, launcher, pairs - warmPairs))
  const after = await rested()
  const unit = "MiB"
  return [
    { what: "agent, idle", value: idle, unit, aim: 80, original: "58-61 MB" },
    {
      ...{ what: `agent, more with ${pods} pods`, value: withPods - idle, unit },
      ...{ aim: 10, original: "3-6 MB" },
    },
    {
      what: `agent, more after ${pairs} ADDs and DELs than after ${warmPairs}`,
      value: after - warm,
      unit,
      aim: 1,
    },
    { what: `agent, after ${pairs} ADDs and DELs`, value: after, unit },
    { what: "  most while they ran", value: peak, unit },
  ]
}

/** Returns the most that was resident meanwhile. */
async function pairUp(lab: NodeLab, launcher: Launcher, count: number): Promise<number> {
  const names = namesOf("pair", batch)
  let peak = 0
  for (let done = 0; done < count; done += batch) {
    for (const name of names) lab.sandbox(name)
    await all(launcher, "ADD", names)
    await all(launcher, "DEL", names)
    for (const name of names) lab.removeSandbox(name)
    peak = Math.max(peak, agentMiB(lab))
  }
  return peak
}

const batches = (names: readonly string[]) =>
  Array.from({ length: Math.ceil(names.length / batch) }, (_, i) =>
    names.slice(i * batch, (i + 1) * batch),
  )

function controllerRows(figures: Readonly<Record<number, number>>): Row[] {
  const steps = Object.entries(figures).map(([n, value]) => [Number(n), value] as const)
  const [first, last] = [steps[0], steps.at(-1)]
  const unit = "MiB"
  const rows = steps.map(([n, value]): Row => ({ what: `controller, ${n} nodes`, value, unit }))
  if (!first || !last) return rows
  const perThousand = ((last[1] - first[1]) * 1_000) / (last[0] - first[0])
  return [...rows, { what: "controller, more for each 1,000 nodes", value: perThousand, unit }]
}
