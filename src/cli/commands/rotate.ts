import type { NodeRotationSpec, NodeRotationStatus } from "../../api/noderotation.ts"
import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { plural } from "../../fleet/doctor/finding.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { planRotation } from "../../fleet/rotation/plan-rotation.ts"
import { isFinished } from "../../rotation/run-rotation.ts"
import { type Call, flag, text } from "../command.ts"
import { confirm } from "../confirm.ts"
import { chosenNodes } from "../rotate/chosen-nodes.ts"
import { findHome } from "../rotate/find-home.ts"
import { progressWriter } from "../rotate/progress-writer.ts"
import type { RotationHome } from "../rotate/rotation-home.ts"
import { planPage } from "../rotate/rotation-page.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { terminalOf } from "../terminal.ts"
import { wholeNumber } from "../whole-number.ts"
import { writeOutput } from "../write-output.ts"

/** sysexits(3) EX_TEMPFAIL: it can go on later. */
const later = 75

export async function run(call: Call): Promise<number> {
  const change = ["pause", "resume", "undo", "watch"].find((name) => flag(call, name))
  if (change !== undefined) return changeRunning(call, change)
  const index = indexFleet(await loadSnapshot(call, systemClock))
  const plan = planRotation(index, chosenNodes(call, index))
  const offline = text(call, "snapshot") !== undefined
  if (flag(call, "dryRun") || offline || plan.nodes.length === 0) {
    await writeOutput(call, plan, () => planPage(plan, terminalOf(call)))
    return 0
  }
  call.stdout.write(planPage(plan, terminalOf(call)))
  const spec = {
    maxSurge: plan.maxSurge,
    ...specOf(
      call,
      plan.nodes.map((n) => n.node),
    ),
  }
  return start(call, spec)
}

async function start(call: Call, spec: NodeRotationSpec): Promise<number> {
  using home = await findHome(call)
  const current = await home.current()
  if (current !== undefined && !isFinished(current.status)) {
    const { done = 0, phase = "not begun" } = current.status ?? {}
    const total = current.spec.nodes.length
    throw fail("rotation/under-way", { where: home.where, done, total, phase })
  }
  const nodes = plural(spec.nodes.length, "node")
  await confirm(call, `Replace ${nodes}?`, `replacing ${nodes}`)
  await home.start(spec)
  return follow(call, home)
}

async function changeRunning(call: Call, change: string): Promise<number> {
  using home = await findHome(call)
  const current = await home.current()
  if (current === undefined || (isFinished(current.status) && change !== "watch"))
    throw fail("rotation/none", { cluster: "this cluster" })
  if (change === "pause") await home.change({ paused: true })
  if (change === "resume") await home.change({ paused: false })
  if (change === "undo") await home.change({ paused: false, undo: true })
  if (change !== "pause") return follow(call, home)
  call.stdout.write(`${home.where}: paused; berth rotate --resume goes on\n`)
  return 0
}

async function follow(call: Call, home: RotationHome): Promise<number> {
  call.stderr.write(`${home.where}\n`)
  if (flag(call, "detach")) return 0
  const options = {
    onStatus: progressWriter(call, systemClock),
    stopWhenBlocked: call.stdout.isTTY !== true,
  }
  const status = await home.follow(options, call.signal)
  return conclude(call, home, status)
}

function conclude(call: Call, home: RotationHome, status: NodeRotationStatus | undefined): number {
  if (isFinished(status)) return 0
  call.stderr.write(`${home.whenLeft}\n`)
  return status?.phase === "Blocked" ? 1 : later
}

function specOf(call: Call, nodes: string[]): NodeRotationSpec {
  const maxSurge = wholeNumber(call, "maxSurge", { least: 0, most: 100 })
  const minutes = wholeNumber(call, "drainTimeout", { least: 1, most: 1440 })
  const reason = text(call, "reason")
  return {
    nodes,
    ...(maxSurge === undefined ? {} : { maxSurge }),
    ...(minutes === undefined ? {} : { drainTimeoutSeconds: minutes * 60 }),
    ...(reason === undefined ? {} : { reason }),
    ...(flag(call, "force") ? { force: true } : {}),
  }
}
