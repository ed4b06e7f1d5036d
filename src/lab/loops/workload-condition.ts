import { stamp } from "./stamp.ts"
import type { WorkloadCondition } from "./workloads.ts"

/** What a control loop concludes: a condition without its times. */
export type Verdict = Pick<WorkloadCondition, "type" | "status" | "reason" | "message">

/**
 * Puts verdicts over earlier conditions. A condition that says the same as before is kept with its times, so that an
 * unchanged workload causes no write; `lastTransitionTime` moves only with the status.
 */
export function mergeConditions(
  earlier: readonly WorkloadCondition[] | undefined,
  verdicts: readonly Verdict[],
  now: number,
): WorkloadCondition[] {
  const time = stamp(now)
  return verdicts.map((v) => {
    const before = earlier?.find((c) => c.type === v.type)
    if (
      before &&
      before.status === v.status &&
      before.reason === v.reason &&
      before.message === v.message
    )
      return before
    const since = before && before.status === v.status ? before.lastTransitionTime : time
    return { ...v, lastUpdateTime: time, lastTransitionTime: since }
  })
}
