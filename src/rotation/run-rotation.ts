import type { NodeRotationSpec, NodeRotationStatus } from "../api/noderotation.ts"
import type { Clock } from "../clock.ts"
import type { Rotator } from "./rotator.ts"

/** From one step to the next: nodes take minutes, pods seconds. */
export const stepEveryMs = 5_000

export interface RotationRun {
  readonly rotator: Rotator
  readonly clock: Clock
  readonly spec: NodeRotationSpec
  readonly before: NodeRotationStatus | undefined
  /** Records a status before the next step is taken; one that is lost is decided anew, and nothing is done twice. */
  readonly save: (status: NodeRotationStatus) => Promise<void>
  readonly onStatus: (status: NodeRotationStatus) => void
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
  const { rotator, clock, spec, save, onStatus } = run
  let status = run.before
  for (;;) {
    status = await rotator.step(spec, status)
    await save(status)
    onStatus(status)
    const stays = status.phase === "Paused" || (run.stopWhenBlocked && status.phase === "Blocked")
    if (isFinished(status) || stays || signal.aborted) return status
    await clock.sleep(stepEveryMs, signal).catch(() => {})
    if (signal.aborted) return status
  }
}
