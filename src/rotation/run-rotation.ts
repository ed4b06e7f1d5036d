import type { NodeRotationSpec, NodeRotationStatus } from "../api/noderotation.ts"
import type { Clock } from "../clock.ts"
import type { Rotator } from "./rotator.ts"

/** From one step to the next: nodes take minutes, pods seconds. */
export const stepEveryMs = 5_000
/** After a step in which a node moved on, what comes next can begin at once. */
const movedOnMs = 500

export interface RotationRun {
  readonly rotator: Rotator
  readonly clock: Clock
  /** Asked before each step: it may be paused or undone meanwhile. */
  readonly spec: () => Promise<NodeRotationSpec>
  readonly before: NodeRotationStatus | undefined
  /** Records a status before the next step is taken; one that is lost is decided anew, and nothing is done twice. */
  readonly save: (status: NodeRotationStatus) => Promise<void>
  /** Ends it too where nobody waits for what blocks it to go away. */
  readonly stopWhenBlocked: boolean
}

export const isFinished = (status: NodeRotationStatus | undefined): boolean =>
  status?.phase === "Completed" || status?.phase === "Undone"

/** Takes steps until the rotation ends or is paused, is blocked, or the signal aborts, and returns where it stands. */
export async function runRotation(
  run: RotationRun,
  signal: AbortSignal,
): Promise<NodeRotationStatus> {
  const { rotator, clock, spec, save } = run
  let status = run.before
  for (;;) {
    const before = status
    status = await rotator.step(await spec(), before)
    await save(status)
    const stays = status.phase === "Paused" || (run.stopWhenBlocked && status.phase === "Blocked")
    if (isFinished(status) || stays || signal.aborted) return status
    await clock.sleep(waitAfter(before, status), signal).catch(() => {})
    if (signal.aborted) return status
  }
}

export const waitAfter = (
  before: NodeRotationStatus | undefined,
  after: NodeRotationStatus,
): number => {
  const states = (status: NodeRotationStatus | undefined) =>
    status?.nodes.map((n) => n.state).join()
  return states(before) === states(after) ? stepEveryMs : movedOnMs
}
