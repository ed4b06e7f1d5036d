import { hostname, userInfo } from "node:os"
import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { nearest } from "../../errors/nearest.ts"
import { plural } from "../../fleet/doctor/finding.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import type { PlanDocument } from "../../fleet/plan/plan-document.ts"
import { fillReferences, shellReference } from "../../fleet/plan/references.ts"
import { type LeaseOptions, withApplyLease } from "../apply/apply-lease.ts"
import { openState, type StateStore } from "../apply/apply-state.ts"
import { type Carrying, carryOut, keyOf, type Progress, takeBack } from "../apply/carry-out.ts"
import { noteBlockers } from "../apply/new-blockers.ts"
import { readPlan, whyNot } from "../apply/read-plan.ts"
import { workOf } from "../apply/step-work.ts"
import { type Call, flag, text } from "../command.ts"
import { confirm } from "../confirm.ts"
import { findHome } from "../rotate/find-home.ts"
import { progressWriter } from "../rotate/progress-writer.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"

/** EX_TEMPFAIL: run it again when what it waits for is done. */
const waitsForYou = 75
const interrupted = 130

export async function run(call: Call): Promise<number> {
  const file = call.args[0] ?? ""
  const { plan, text: planText } = await readPlan(file)
  const store = await openState(file, planText)
  const undo = flag(call, "undo")
  const why = undo ? undefined : whyNot(plan)
  if (why !== undefined) throw fail("cli/plan-blocked", { why })
  using carrying = await connect(call, plan, store)
  if (flag(call, "dryRun")) return rehearse(call, carrying)
  await confirm(call, ...question(plan, undo))
  try {
    return await withApplyLease(leaseOf(call, carrying), call.signal, async (signal) => {
      // Read anew: another process may have worked on it until this one had the lease.
      const own = { ...carrying, signal, store: await openState(file, planText) }
      if (!undo) return forward(call, own, file)
      await takeBack(own)
      call.stdout.write("Everything that can be taken back is.\n")
      return 0
    })
  } catch (error) {
    if (!call.signal.aborted) throw error
    call.stderr.write(`Stopped. Run it again to go on; ${store.file} knows what was done.\n`)
    return interrupted
  }
}

function leaseOf(call: Call, { kube, clock }: Carrying): LeaseOptions {
  const identity = `${userInfo().username}@${hostname()} (process ${process.pid})`
  return { kube, clock, identity, warn: (text) => call.stderr.write(`${text}\n`) }
}

async function connect(call: Call, plan: PlanDocument, store: StateStore) {
  const until = stepNamed(plan, text(call, "until"))
  const [{ kubeOf }, { sdkEc2 }, { sdkNetwork }, { checkPlace }] = await Promise.all([
    import("../kube-of.ts"),
    import("../../ec2/sdk/sdk-ec2.ts"),
    import("../apply/sdk-network.ts"),
    import("../apply/check-place.ts"),
  ])
  using undo = new DisposableStack()
  const { region, cluster, addon } = plan.site
  const kube = undo.use(kubeOf(call))
  if (region !== "") await checkPlace(plan, kube, sdkEc2({ region }))
  const addons =
    addon !== undefined && cluster !== undefined
      ? (await import("../apply/addon-calls.ts")).sdkAddon({ region, cluster })
      : undefined
  const carrying: Carrying = {
    ...{ plan, store, kube, clock: systemClock, signal: call.signal },
    network: sdkNetwork({ region }),
    ...(addons && { addon: addons }),
    tell: (event) => call.stdout.write(progressLine(event, plan)),
    maxPodsReady: flag(call, "maxPodsReady"),
    ...(until && { until }),
    look: async () => indexFleet(await loadSnapshot(call, systemClock)),
    rotations: {
      home: () => findHome(call),
      show: () => progressWriter(call, systemClock),
      left: (text) => call.stderr.write(`${text}\n`),
      stopWhenBlocked: call.stdout.isTTY !== true,
    },
  }
  const owned = undo.move()
  return { ...carrying, [Symbol.dispose]: () => owned.dispose() }
}

async function forward(call: Call, carrying: Carrying, file: string): Promise<number> {
  const waits = await carryOut(carrying)
  if (waits === undefined) {
    call.stdout.write("The plan is carried out.\n")
    return 0
  }
  const go = `Then: berth apply ${file}`
  if (waits.id !== "max-pods") {
    call.stdout.write(`\nStopped before "${waits.title}", as asked. ${go}\n`)
    return 0
  }
  call.stdout.write(
    `\n${waits.title}: ${waits.why}\n${waits.commands.map((c) => `  $ ${c}\n`).join("")}  gate: ${waits.gate}\n\n${go} --max-pods-ready\n`,
  )
  return waitsForYou
}

function stepNamed({ steps }: PlanDocument, name: string | undefined) {
  if (name === undefined) return undefined
  const found = steps.find((step) => step.id === name)
  if (found !== undefined) return found.id
  const ids = [...new Set(steps.map((step) => step.id))]
  const near = nearest(name, ids)
  throw fail("cli/bad-option", {
    option: "--until",
    value: name,
    expected: `a step of the plan (${(near.length > 0 ? near : ids).join(", ")})`,
  })
}

/** What a run would do, step by step; it reads, and changes nothing. */
async function rehearse(call: Call, carrying: Carrying): Promise<number> {
  const { plan, store } = carrying
  const undo = flag(call, "undo")
  if (!undo) await noteBlockers(carrying)
  const steps = [...plan.steps.entries()]
  for (const [at, step] of undo ? steps.reverse() : steps) {
    const key = keyOf(step, at)
    const work = workOf(carrying, at)
    const started = store.state.started.includes(key)
    const idle = undo ? !started : store.state.done.includes(key)
    if (idle) continue
    const commands = undo ? step.undo : step.commands
    const whose = work === undefined ? "yours" : undo ? "would take back" : "would do"
    call.stdout.write(`${whose}: ${step.title}\n`)
    for (const command of commands) {
      const fill = (kind: string, id: string) =>
        store.state.ids[`${kind}:${id}`] ?? shellReference(kind, id)
      call.stdout.write(`  $ ${fillReferences(command, fill)}\n`)
    }
    if (undo && work?.stays !== undefined) call.stdout.write(`  but: ${work.stays}\n`)
    const why = work === undefined || undo ? undefined : await work.gate()
    if (why !== undefined) call.stdout.write(`  now: ${why}\n`)
  }
  return 0
}

function question({ site, steps, replace }: PlanDocument, undo: boolean): [string, string] {
  const place = site.cluster ?? "this cluster"
  if (undo) return [`Take the plan back on ${place}?`, `taking the plan back on ${place}`]
  const nodes = replace.length === 0 ? "" : `, which replace ${plural(replace.length, "node")},`
  const work = `${plural(steps.length, "step")}${nodes} on ${place}`
  return [`Carry out ${work}?`, `carrying out ${work}`]
}

function progressLine(event: Progress, { steps }: PlanDocument): string {
  const head = `[${event.at + 1}/${steps.length}]`
  if (event.is === "waits") return `${head}   waits: ${event.why}\n`
  if (event.is === "begins") return `${head} ${event.step.title}\n`
  if (event.is === "taken back") {
    const stays = event.stays === undefined ? "" : `; ${event.stays}`
    return `${head}   taken back${stays}\n`
  }
  const says = {
    done: "done",
    "was done": `done before: ${event.step.title}`,
    yours: `yours to do: ${event.step.title}`,
  }
  return `${head}   ${says[event.is]}\n`
}
