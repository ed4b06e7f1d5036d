// The world of a measurement: a lab that measures itself from inside, tells the figures as its facts, and ends.
import { readFileSync } from "node:fs"
import { systemClock } from "../../src/clock.ts"
import { linkToLauncher } from "../../src/lab/sandbox/control-channel.ts"
import { startWorld } from "../../src/lab/world/start-world.ts"
import { stateFiles, type WorldInput } from "../../src/lab/world/state-folder.ts"
import { lineLogger } from "../../src/lab/world/world-log.ts"
import type { Run } from "./measure-world.ts"
import { churn, crash, editGroups, exhaust, rebind, scaleUp } from "./measures.ts"
import { setStage } from "./stage.ts"

const [folder = ".", argument = "{}"] = process.argv.slice(2)
const run = JSON.parse(argument) as Run
const launcher = linkToLauncher()
const ending = new AbortController()
const progress = (text: string) => launcher.tell({ event: "progress", text })

async function measure() {
  const input = JSON.parse(readFileSync(stateFiles(folder).input, "utf8")) as WorldInput
  const { signal } = ending
  const log = lineLogger(process.stdout, systemClock)
  const { prefixDelegation, cooldownSeconds, scripts } = run
  const common = {
    clock: systemClock,
    random: Math.random,
    log,
    signal,
    ...(scripts && { scripts }),
  }
  const world = await startWorld({ ...common, input, hollow: undefined, progress: () => {} })
  const { stage, cold } = await setStage(
    { kube: world.kube, cloud: world.cloud, folder, signal, progress },
    {
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
      ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone",
      ENABLE_PREFIX_DELEGATION: `${prefixDelegation}`,
      IP_COOLDOWN_PERIOD: `${cooldownSeconds}`,
    },
  )
  log.info("cold", cold)
  const { names, ...burst } = await scaleUp(stage)
  log.info("burst", burst)
  if (prefixDelegation) return { cold, burst, crashed: await crash(stage) }
  const churned = await churn(stage, names, 1_000 * cooldownSeconds)
  log.info("churned", churned)
  const groups = await editGroups(stage)
  const rebound = await rebind(stage)
  log.info("converged", { groups, rebound })
  const exhausted = await exhaust(stage)
  log.info("exhausted", exhausted)
  return { cold, burst, churned, groups, rebound, exhausted }
}

export type Figures = Awaited<ReturnType<typeof measure>>

try {
  launcher.tell({ event: "ready", facts: { figures: JSON.stringify(await measure()) } })
  await launcher.stopRequested
  process.exit(0)
} catch (error) {
  const message = (error as Error).stack ?? String(error)
  launcher.tell({ event: "failed", code: "bench", message, hint: `See ${folder}/world.log.` })
  process.exit(1)
}
