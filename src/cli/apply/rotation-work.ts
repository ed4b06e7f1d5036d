import type { NodeRotationStatus } from "../../api/noderotation.ts"
import { nodes } from "../../api/resources.ts"
import { fail } from "../../errors/catalogue.ts"
import type { Step } from "../../fleet/change/steps.ts"
import { type RolloverNode, rollover } from "../../fleet/rollover.ts"
import { planRotation } from "../../fleet/rotation/plan-rotation.ts"
import { instanceOf } from "../../rotation/read-view.ts"
import { isFinished } from "../../rotation/run-rotation.ts"
import type { FollowOptions, RotationHome, RotationRecord } from "../rotate/rotation-home.ts"
import { newBlockers } from "./new-blockers.ts"
import type { ApplyContext, StepWork } from "./step-work.ts"

/** Replaces nodes, as `berth rotate` does: from this terminal, or through Berth's controller. */
export interface Rotations {
  home(): Promise<RotationHome & Disposable>
  /** Shows one rotation as it goes. */
  show(): FollowOptions["onStatus"]
  /** Tells what becomes of a rotation that this process leaves. */
  left(text: string): void
  /** Nobody is there who could make what blocks it go away. */
  readonly stopWhenBlocked: boolean
}

/** The first of the plan's nodes that is there still, alone; the others come when what is wrong would have shown on it. */
export function canaryWork(context: ApplyContext, step: Step): StepWork {
  return rotationWork(context, step, async () => (await left(context)).slice(0, 1))
}

/** The rest of the plan's nodes, and those that have joined since and need it as well. */
export function restWork(context: ApplyContext, step: Step): StepWork {
  return rotationWork(context, step, async () => {
    const needed = rollover(await context.look()).map((n) => n.node)
    return [...new Set([...(await left(context)), ...needed])]
  })
}

function rotationWork(
  context: ApplyContext,
  step: Step,
  nodesToReplace: () => Promise<readonly string[]>,
): StepWork {
  const { store, rotations, signal } = context
  // Tells this step's rotation from any other, so that a second run follows it and starts none.
  const reason = `berth apply, plan ${store.state.plan.slice(0, 12)}: ${step.title}`
  const follow = async (home: RotationHome) => {
    const { stopWhenBlocked } = rotations
    const status = await home.follow({ onStatus: rotations.show(), stopWhenBlocked }, signal)
    if (!isFinished(status)) rotations.left(home.whenLeft)
    signal.throwIfAborted()
    return status
  }
  return {
    async carryOut() {
      using home = await rotations.home()
      const current = await home.current()
      if (current === undefined || isFinished(current.status)) {
        const names = await nodesToReplace()
        if (names.length === 0) return
        const { maxSurge } = await planOf(context, names)
        await home.start({ nodes: [...names], reason, maxSurge })
      } else if (current.spec.reason !== reason) throw underWay(home, current)
      const status = await follow(home)
      if (status?.phase !== "Completed") throw fail("cli/gate-closed", stopOf(step, status))
    },
    gate: () => newBlockers(context),
    async takeBack() {
      using home = await rotations.home()
      const current = await home.current()
      if (current?.spec.reason !== reason || isFinished(current.status)) return
      await home.change({ paused: false, undo: true })
      await follow(home)
    },
    goneGate: async () => undefined,
    stays: "nodes that were replaced stay replaced",
  }
}

/** Names of the plan's nodes whose instances are there still: a name alone may be another node's by now. */
async function left({ plan, kube }: ApplyContext): Promise<string[]> {
  const { items } = await kube.list(nodes)
  const there = new Map(items.map((node) => [node.metadata.name, instanceOf(node)]))
  const isThere = ({ node, instance }: RolloverNode) =>
    there.has(node) && (instance === undefined || there.get(node) === instance)
  return plan.replace.filter(isThere).map((r) => r.node)
}

async function planOf({ look }: ApplyContext, names: readonly string[]) {
  const index = await look()
  return planRotation(
    index,
    names.flatMap((name) => index.node(name) ?? []),
  )
}

function underWay(home: RotationHome, { spec, status }: RotationRecord) {
  const { done = 0, phase = "not begun" } = status ?? {}
  return fail("rotation/under-way", { where: home.where, done, total: spec.nodes.length, phase })
}

function stopOf({ title }: Step, status: NodeRotationStatus | undefined) {
  const mend = {
    Blocked: "mend that; or berth rotate --undo",
    Paused: "berth rotate --resume goes on",
    Undone: "its rotation was taken back",
  }
  const { phase, message } = status ?? {}
  const then = phase !== undefined && phase in mend ? ` (${mend[phase as keyof typeof mend]})` : ""
  return { step: title, why: `${message ?? "the rotation has not begun"}${then}` }
}
