import { createInterface } from "node:readline/promises"
import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import type { PlanDocument } from "../../fleet/plan/plan-document.ts"
import { fillReferences, shellReference } from "../../fleet/plan/references.ts"
import { openState, type StateStore } from "../apply/apply-state.ts"
import { type Carrying, carryOut, keyOf, type Progress, takeBack } from "../apply/carry-out.ts"
import { readPlan, whyNot } from "../apply/read-plan.ts"
import { workOf } from "../apply/step-work.ts"
import { type Call, flag, text } from "../command.ts"

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
  if (!(await confirmed(call, plan, undo))) return 1
  try {
    if (!undo) return await forward(call, carrying, file)
    await takeBack(carrying)
    call.stdout.write("Everything is taken back.\n")
    return 0
  } catch (error) {
    if (!call.signal.aborted) throw error
    call.stderr.write(`Stopped. Run it again to go on; ${store.file} knows what was done.\n`)
    return interrupted
  }
}

async function connect(call: Call, plan: PlanDocument, store: StateStore) {
  const [{ clientKube }, { sdkEc2 }, { sdkNetwork }, { checkPlace }] = await Promise.all([
    import("../../kube/client/client-kube.ts"),
    import("../../ec2/sdk/sdk-ec2.ts"),
    import("../apply/sdk-network.ts"),
    import("../apply/check-place.ts"),
  ])
  using undo = new DisposableStack()
  const { region, cluster, addon } = plan.site
  const kubeconfig = text(call, "kubeconfig")
  const context = text(call, "context")
  const kube = undo.use(
    clientKube({
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
      env: { ...call.env },
    }),
  )
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
  }
  const owned = undo.move()
  return { ...carrying, [Symbol.dispose]: () => owned.dispose() }
}

async function forward(call: Call, carrying: Carrying, file: string): Promise<number> {
  const { plan } = carrying
  const waits = await carryOut(carrying)
  if (waits === undefined) {
    call.stdout.write("The plan is carried out.\n")
    return 0
  }
  const at = plan.steps.indexOf(waits)
  for (const step of plan.steps.slice(at)) {
    if (waits.id === "max-pods" && step !== waits) break
    call.stdout.write(
      `\n${step.title}: ${step.why}\n${step.commands.map((c) => `  $ ${c}\n`).join("")}  gate: ${step.gate}\n`,
    )
  }
  if (waits.id !== "max-pods") return 0
  call.stdout.write(`\nThen: berth apply ${file} --max-pods-ready\n`)
  return waitsForYou
}

/** What a run would do, step by step; it reads, and changes nothing. */
async function rehearse(call: Call, carrying: Carrying): Promise<number> {
  const { plan, store } = carrying
  const undo = flag(call, "undo")
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
    const why = work === undefined || undo ? undefined : await work.gate()
    if (why !== undefined) call.stdout.write(`  now: ${why}\n`)
  }
  return 0
}

async function confirmed(call: Call, plan: PlanDocument, undo: boolean): Promise<boolean> {
  if (flag(call, "yes")) return true
  if (!process.stdin.isTTY) throw fail("cli/needs-yes", {})
  const question = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const name = plan.site.cluster ?? "this cluster"
    const what = undo ? "Take the plan back" : `Carry out ${plan.steps.length} steps`
    const answer = await question.question(`${what} on ${name}? [y/N] `, { signal: call.signal })
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    if (call.signal.aborted) return false
    throw error
  } finally {
    question.close()
  }
}

function progressLine(event: Progress, { steps }: PlanDocument): string {
  const head = `[${event.at + 1}/${steps.length}]`
  if (event.is === "waits") return `${head}   waits: ${event.why}\n`
  if (event.is === "begins") return `${head} ${event.step.title}\n`
  const says = {
    done: "done",
    "was done": "done before",
    "taken back": "taken back",
    yours: "yours to do",
  }
  return `${head}   ${says[event.is]}${event.is === "was done" || event.is === "yours" ? `: ${event.step.title}` : ""}\n`
}
