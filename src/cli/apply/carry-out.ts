import type { Clock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import type { Step } from "../../fleet/change/steps.ts"
import { noteBlockers } from "./new-blockers.ts"
import { type ApplyContext, type StepWork, workOf } from "./step-work.ts"

export interface Carrying extends ApplyContext {
  readonly clock: Clock
  readonly tell: (event: Progress) => void
  /** The operator has made launch templates or node classes with the plan's max-pods. */
  readonly maxPodsReady: boolean
  /** Stops when the step of this id is done. */
  readonly until?: Step["id"]
}

export type Progress = { readonly step: Step; readonly at: number } & (
  | { readonly is: "begins" | "done" | "was done" | "yours" }
  | { readonly is: "taken back"; readonly stays?: string }
  | { readonly is: "waits"; readonly why: string }
)

const pollMs = 1_000
/** A gate that reads a whole cluster is asked less often: a sixth of the time at most is spent on reading. */
const restShare = 5
/** Blocks and rollouts take seconds to minutes; pods that have to move may take longer, and then a second run goes on. */
const gateMs = 15 * 60_000

export const keyOf = (step: Step, at: number): string => `${at + 1}-${step.id}`

/** Does what is left of the plan, each step's gate before the next. Resolves to the step that it stopped at, if any. */
export async function carryOut(carrying: Carrying): Promise<Step | undefined> {
  const { plan, store, tell, signal } = carrying
  const { state } = store
  await noteBlockers(carrying)
  const last = plan.steps.findLastIndex((step) => step.id === carrying.until)
  for (const [at, step] of plan.steps.entries()) {
    if (last >= 0 && at > last) return step
    const key = keyOf(step, at)
    if (state.done.includes(key)) {
      tell({ step, at, is: "was done" })
      continue
    }
    const work = workOf(carrying, at)
    if (work === undefined) {
      if (step.id !== "max-pods" || !carrying.maxPodsReady) {
        tell({ step, at, is: "yours" })
        return step
      }
    } else {
      signal.throwIfAborted()
      tell({ step, at, is: "begins" })
      if (!state.started.includes(key)) state.started.push(key)
      await store.save()
      await until(async () => work.ready?.(), { step, at }, carrying)
      await work.carryOut()
      await until(() => work.gate(), { step, at }, carrying)
    }
    state.done.push(key)
    await store.save()
    tell({ step, at, is: "done" })
  }
  return undefined
}

/** Takes back what was done or begun, the last first. */
export async function takeBack(carrying: Carrying): Promise<void> {
  const { plan, store, tell, signal } = carrying
  const { state } = store
  for (const [at, step] of [...plan.steps.entries()].reverse()) {
    const key = keyOf(step, at)
    if (!state.started.includes(key)) continue
    const work = workOf(carrying, at)
    if (work !== undefined) {
      signal.throwIfAborted()
      tell({ step, at, is: "begins" })
      await until(() => gone(work), { step, at }, carrying)
    }
    state.done = state.done.filter((k) => k !== key)
    state.started = state.started.filter((k) => k !== key)
    await store.save()
    const { stays } = work ?? {}
    tell({ step, at, is: "taken back", ...(stays !== undefined && { stays }) })
  }
  await store.remove()
}

async function gone(work: StepWork): Promise<string | undefined> {
  await work.takeBack()
  return work.goneGate()
}

async function until(
  gate: () => Promise<string | undefined>,
  { step, at }: { step: Step; at: number },
  { clock, signal, tell }: Carrying,
): Promise<void> {
  const deadline = clock.now() + gateMs
  let told: string | undefined
  for (;;) {
    const asked = clock.now()
    const why = await gate()
    if (why === undefined) return
    if (why !== told) tell({ step, at, is: "waits", why })
    told = why
    if (clock.now() > deadline) throw fail("cli/gate-closed", { step: step.title, why })
    await clock.sleep(Math.max(pollMs, restShare * (clock.now() - asked)), signal)
  }
}
