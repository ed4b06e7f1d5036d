import { bundle } from "../scripts/bundle.ts"
import { type NodeLab, nodeLab } from "../src/agent/testing/node-lab.ts"
import type { Bench } from "./bench.ts"
import { controllerMemory } from "./controller-memory.ts"
import { startLauncher } from "./launcher.ts"
import { agentMiB, all, namesOf, startNode } from "./pod.ts"

const pods = 200
const pairs = 10_000
/** ADDs at the same time. */
const batch = 25

interface Result {
  readonly agentMiB: {
    readonly idle: number
    readonly withPods: number
    /** By pairs of ADD and DEL so far. */
    readonly afterPairs: Readonly<Record<number, number>>
  }
  readonly controllerMiB: Readonly<Record<number, number>>
}

async function measure(): Promise<Result> {
  return { agentMiB: await measureAgent(), controllerMiB: await controllerMemory() }
}

async function measureAgent(): Promise<Result["agentMiB"]> {
  // Nothing is given back between the steps.
  const env = { IP_COOLDOWN_PERIOD: "0", DISABLE_NETWORK_RESOURCE_PROVISIONING: "true" }
  await using lab = await nodeLab(env, await bundle("agent"))
  await startNode(lab)
  await using launcher = await startLauncher(lab)
  const idle = agentMiB(lab)
  const names = namesOf("pod", pods)
  for (const name of names) lab.sandbox(name)
  for (const group of batches(names)) await all(launcher, "ADD", group)
  const withPods = agentMiB(lab)
  for (const group of batches(names)) await all(launcher, "DEL", group)
  for (const name of names) lab.removeSandbox(name)
  return { idle, withPods, afterPairs: await pairUp(lab, launcher, names) }
}

async function pairUp(
  lab: NodeLab,
  launcher: Awaited<ReturnType<typeof startLauncher>>,
  names: readonly string[],
): Promise<Record<number, number>> {
  const figures: Record<number, number> = {}
  for (let done = 0; done < pairs; done += names.length) {
    for (const group of batches(names)) {
      for (const name of group) lab.sandbox(name)
      await all(launcher, "ADD", group)
      await all(launcher, "DEL", group)
      for (const name of group) lab.removeSandbox(name)
    }
    if ([1_000, 5_000, pairs].includes(done + names.length))
      figures[done + names.length] = agentMiB(lab)
  }
  return figures
}

const batches = (names: readonly string[]) =>
  Array.from({ length: Math.ceil(names.length / batch) }, (_, i) =>
    names.slice(i * batch, (i + 1) * batch),
  )

function table({ agentMiB: agent, controllerMiB }: Result): string[] {
  const mib = (value: number) => `${value.toFixed(0)} MiB`
  return [
    `agent as shipped, idle                ${mib(agent.idle)}`,
    `  with ${pods} pods                       ${mib(agent.withPods)}`,
    ...Object.entries(agent.afterPairs).map(
      ([n, value]) => `  after ${n.padStart(6)} pairs of ADD and DEL   ${mib(value)}`,
    ),
    ...Object.entries(controllerMiB).map(
      ([n, value]) => `controller as shipped, ${n.padStart(5)} nodes     ${mib(value)}`,
    ),
  ]
}

/** Resident memory of agent and controller as their images have them. Takes about two minutes. */
export const memory: Bench<Result> = { measure, table }
