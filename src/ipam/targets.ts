import { nodePlacement, type PlacementKey, type WarmTargets } from "../api/nodenetwork.ts"

/** Addresses of a delegated IPv4 prefix; all sixteen are usable. */
export const prefixSize = 16

/** Which of the warm targets is in force, with its values. */
export type Goal =
  /** WARM_IP_TARGET and MINIMUM_IP_TARGET: free addresses, and addresses at all. They overrule the other two. */
  | { readonly unit: "address"; readonly warm: number; readonly minimum: number }
  /** WARM_ENI_TARGET: whole ENIs' worth of free addresses. */
  | { readonly unit: "interface"; readonly warm: number }
  /** WARM_PREFIX_TARGET: free prefixes. */
  | { readonly unit: "prefix"; readonly warm: number }

/** Counts of one placement on one node: addresses on the interfaces that serve new pods, and who wants them. */
export interface Stock {
  readonly total: number
  readonly held: number
  readonly cooling: number
  /** Pods bound to the node that have no address yet. */
  readonly waiting: number
  /** Addresses that one more interface would bring at most. */
  readonly perInterface: number
}

/** The goal of a placement. Only the node placement keeps a warm pool; pools that pods choose follow their pods. */
export function goalOf(
  key: PlacementKey,
  targets: WarmTargets,
  prefixDelegation: boolean,
  warm = true,
): Goal {
  const address = (w: number, m: number): Goal => ({ unit: "address", warm: w, minimum: m })
  if (key !== nodePlacement || !warm) return address(0, 0)
  const warmIP = positive(targets.warmIP)
  const minimumIP = positive(targets.minimumIP)
  // Zero means unset, as in the original; so both at zero leave the other targets in force.
  if (warmIP > 0 || minimumIP > 0) return address(warmIP, minimumIP)
  if (prefixDelegation) return { unit: "prefix", warm: positive(targets.warmPrefix) }
  const warmENI = targets.warmENI
  return { unit: "interface", warm: warmENI === undefined || warmENI < 0 ? 1 : warmENI }
}

const positive = (value: number | undefined) => Math.max(0, value ?? 0)

/**
 * Free addresses as the warm targets count them: those cooling down are on their way back, so that a burst of
 * deletions and new pods buys nothing. Waiting pods are counted as served.
 */
const warmFree = (stock: Stock) => stock.total - stock.held - stock.waiting

/** Addresses that waiting pods need and nothing free can give. Cooling ones are no help to them. */
export const unmetBy = (stock: Stock): number =>
  Math.max(0, stock.waiting - Math.max(0, stock.total - stock.held - stock.cooling))

/** Free addresses below which the pool grows. At a target of zero one is kept (the original's "K=0 and F=0"). */
function floorOf(goal: Goal, stock: Stock): number {
  switch (goal.unit) {
    case "address":
      return goal.warm
    case "interface":
      return Math.max(1, goal.warm * stock.perInterface)
    case "prefix":
      return Math.max(1, goal.warm * prefixSize)
  }
}

/**
 * Addresses missing from the warm pool, before rounding to prefixes or interfaces:
 * max(W - F, M - T, 0) with address targets, else K units - F. Never more than the node can run pods.
 */
export function warmShort(goal: Goal, stock: Stock, maxPods: number): number {
  const minimum = goal.unit === "address" ? goal.minimum - stock.total : 0
  const short = Math.max(floorOf(goal, stock) - warmFree(stock), minimum, 0)
  return maxPods > 0 ? Math.min(short, Math.max(0, maxPods - stock.total)) : short
}

/** Free addresses that could go without falling below the targets, or leaving a waiting pod without one. */
export function surplus(goal: Goal, stock: Stock): number {
  const minimum = goal.unit === "address" ? stock.total - goal.minimum : Number.POSITIVE_INFINITY
  const unused = stock.total - stock.held - stock.cooling - stock.waiting
  return Math.max(0, Math.min(warmFree(stock) - floorOf(goal, stock), minimum, unused))
}
