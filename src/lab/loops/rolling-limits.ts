import { resolveIntOrPercent } from "./int-or-percent.ts"
import type { Deployment } from "./workloads.ts"

/** How many pods a rolling update may have too many (`surge`) and too few (`unavailable`). */
export function rollingLimits(deployment: Deployment): { surge: number; unavailable: number } {
  const wanted = deployment.spec.replicas ?? 1
  const rolling = deployment.spec.strategy?.rollingUpdate
  const surge = resolveIntOrPercent(rolling?.maxSurge, "25%", wanted, "up")
  const unavailable = resolveIntOrPercent(rolling?.maxUnavailable, "25%", wanted, "down")
  // Both zero would never move; Kubernetes then lets one pod be missing.
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}
