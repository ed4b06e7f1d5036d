import type { Clock } from "../clock.ts"
import { type CallBudget, createBudget } from "../ec2/budget.ts"
import { budgetedEc2 } from "../ec2/budgeted-ec2.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import type { ControllerMetrics } from "./controller-metrics.ts"

export interface BudgetedCloud {
  readonly ec2: Ec2
  readonly budget: CallBudget
  /** EC2 has throttled calls within `throttledMs`. */
  isThrottled: () => boolean
}

/** A bucket that EC2 refills is no longer empty after this long. */
export const throttledMs = 20_000

/** EC2 within the call budget of the account and region, every try counted. */
export function callBudget(
  ec2: Ec2,
  { clock, random, metrics }: { clock: Clock; random: () => number; metrics: ControllerMetrics },
): BudgetedCloud {
  let throttledAt = Number.NEGATIVE_INFINITY
  const budget = createBudget({
    clock,
    random,
    onTry: ({ action, priority, outcome, waitedMs, tookMs }) => {
      metrics.awscni_ec2api_req_count.inc({ fn: action })
      metrics.berth_ec2_wait_seconds.observe(waitedMs / 1000, { priority })
      const error = String(outcome !== "ok")
      metrics.awscni_aws_api_latency_ms.observe(tookMs, { api: action, error, status: outcome })
      if (outcome !== "ok") {
        metrics.awscni_ec2api_error_count.inc({ fn: action })
        metrics.awscni_aws_api_error_count.inc({ api: action, error: outcome })
      }
      if (outcome === "ec2/throttled") throttledAt = clock.now()
    },
  })
  return {
    ec2: budgetedEc2(ec2, budget),
    budget,
    isThrottled: () => clock.now() - throttledAt < throttledMs,
  }
}
