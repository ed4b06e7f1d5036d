import type { PlacementKey } from "../api/nodenetwork.ts"
import type { Resolution, ResolvedPlacement } from "../placement/resolve.ts"
import type { SupplyKind } from "../placement/strategy.ts"
import type { Urgency } from "./actions.ts"
import type { Draft, Want } from "./draft.ts"
import { type Goal, type Stock, unmetBy, warmShort } from "./targets.ts"

/** One placement of the node: what it has, what it aims at, and what the plan has granted it so far. */
export interface Account {
  readonly key: PlacementKey
  readonly resolution: Resolution | undefined
  readonly goal: Goal
  readonly stock: Stock
  readonly prefixes: boolean
  granted: number
}

/** An account that may grow. */
export interface Growth extends Account {
  readonly resolution: ResolvedPlacement
}

interface Step {
  readonly urgency: Urgency
  readonly maxPods: number
  /** Addresses that are still missing. */
  readonly missing: () => number
}

/**
 * Grows every placement: first for the pods that wait, one interface each in turn, so that no placement takes all
 * slots; then for the warm pool. Leaves in `granted` what will come.
 */
export function grow(growths: readonly Growth[], draft: Draft, maxPods: number): void {
  let progress = true
  while (progress) {
    progress = false
    for (const growth of growths) {
      const before = growth.granted
      if (stillWaiting(growth) === 0) continue
      allocate(growth, draft, { urgency: "allocate", maxPods, missing: () => stillWaiting(growth) })
      if (growth.granted > before) progress = true
    }
  }
  for (const growth of growths) {
    let before = -1
    while (growth.granted > before) {
      before = growth.granted
      const missing = () => stillCold(growth, maxPods)
      if (missing() > 0) allocate(growth, draft, { urgency: "refill", maxPods, missing })
    }
  }
}

/** Addresses that waiting pods lack after what is granted. */
export const stillWaiting = ({ stock, granted }: Account): number =>
  unmetBy({ ...stock, total: stock.total + granted })

/** Addresses that the warm pool lacks after what is granted. */
export const stillCold = ({ goal, stock, granted }: Account, maxPods: number): number =>
  warmShort(goal, { ...stock, total: stock.total + granted }, maxPods)

/**
 * One step: everything live interfaces can give, else one new interface. Where the node uses prefixes they come first,
 * on live and new interfaces; single addresses stand in for pods that wait, and where the target counts addresses. For
 * a warm pool of prefixes they would only use up slots and spoil the subnet's blocks further.
 */
function allocate(growth: Growth, draft: Draft, step: Step): void {
  const { placement } = growth.resolution
  for (const kind of kindsFor(growth, step.urgency)) {
    const before = growth.granted
    growth.granted += draft.topUp(placement.key, wantOf(growth, kind, step, step.missing()))
    const missing = step.missing() - draft.roomComing(placement.key, kind)
    if (missing > 0) growth.granted += draft.open(placement, wantOf(growth, kind, step, missing))
    if (growth.granted > before || missing <= 0) return
  }
}

function kindsFor({ prefixes, goal }: Growth, urgency: Urgency): SupplyKind[] {
  if (!prefixes) return ["address"]
  return urgency === "allocate" || goal.unit === "address" ? ["prefix", "address"] : ["prefix"]
}

function wantOf(growth: Growth, kind: SupplyKind, step: Step, addresses: number): Want {
  const { goal, stock, granted } = growth
  // WARM_ENI_TARGET thinks in whole interfaces: those it touches are filled.
  const whole = goal.unit === "interface" && step.urgency === "refill"
  const upTo = whole ? step.maxPods - stock.total - granted : 0
  return { kind, addresses, upTo: Math.max(addresses, upTo), urgency: step.urgency }
}
