import type { LabelSelector } from "../api/meta.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import { isError } from "../errors/catalogue.ts"
import type { NodeKeys } from "./binding.ts"
import { choosePoolForPod, type PodFacts } from "./pool-selection.ts"
import { found } from "./read.ts"
import { selects } from "./selector.ts"

type Labels = Readonly<Record<string, string>>

/** Two pools of the same priority that select the same node: it is refused a placement until one of them gives way. */
export interface NodeOverlap {
  readonly node: string
  /** Sorted. */
  readonly pools: readonly string[]
}

/** The nodes that several pools select with the highest priority. Costs pools times nodes. */
export function nodeOverlaps(
  pools: readonly SubnetPool[],
  nodes: readonly Pick<NodeKeys, "name" | "labels">[],
): NodeOverlap[] {
  const serving = pools.filter((pool) => pool.spec.nodeSelector !== undefined)
  return nodes.flatMap(({ name, labels }) => {
    const matching = serving.filter((pool) => selects(pool.spec.nodeSelector ?? {}, labels))
    const highest = Math.max(...matching.map(priorityOf))
    const best = matching.filter((pool) => priorityOf(pool) === highest)
    const names = best.map((pool) => pool.metadata.name).sort()
    return names.length > 1 ? [{ node: name, pools: names }] : []
  })
}

/** Pods, `NAMESPACE/NAME`, that several pools select with the highest priority. Costs pools times pods. */
export function podOverlaps(
  pools: readonly SubnetPool[],
  pods: readonly PodFacts[],
): { readonly pod: string; readonly pools: readonly string[] }[] {
  const choosing = found(pools.filter((pool) => pool.spec.nodeSelector === undefined))
  return pods.flatMap((pod) => {
    const choice = choosePoolForPod(pod, choosing)
    if (choice.ok || !isError(choice.refusal, "placement/pool-ambiguous")) return []
    const ambiguous = choice.trace.filter(({ verdict }) => verdict === "refused")
    const names = ambiguous.map(({ subject }) => subject.slice("SubnetPool/".length))
    return [{ pod: `${pod.namespace}/${pod.name}`, pools: names.sort() }]
  })
}

/** Whether one namespace, by its labels, is selected by both pools. */
export const shareNamespace = (a: SubnetPool, b: SubnetPool, labels: Labels): boolean =>
  [a, b].every(({ spec }) => selects(spec.namespaceSelector ?? {}, labels))

/**
 * Whether some object could be selected by both pools with the same priority, by their selectors alone: false only
 * when that is impossible.
 */
export function mayOverlap(a: SubnetPool, b: SubnetPool): boolean {
  if (priorityOf(a) !== priorityOf(b)) return false
  const [nodesA, nodesB] = [a.spec.nodeSelector, b.spec.nodeSelector]
  if ((nodesA === undefined) !== (nodesB === undefined)) return false
  if (nodesA && nodesB) return !excludeEachOther(nodesA, nodesB)
  const accounts = [a.spec.serviceAccount, b.spec.serviceAccount]
  return (
    !excludeEachOther(a.spec.podSelector, b.spec.podSelector) &&
    !excludeEachOther(a.spec.namespaceSelector, b.spec.namespaceSelector) &&
    !differ(accounts[0], accounts[1])
  )
}

/** NAME and NAMESPACE/NAME can mean the same account. */
function differ(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false
  if (a.includes("/") && b.includes("/")) return a !== b
  return a.split("/").at(-1) !== b.split("/").at(-1)
}

/** True when one key is asked for values that have none in common, or for being there and not being there. */
function excludeEachOther(a: LabelSelector | undefined, b: LabelSelector | undefined): boolean {
  const [wantedA, wantedB] = [demandsOf(a ?? {}), demandsOf(b ?? {})]
  return [...wantedA].some(([key, inA]) => {
    const inB = wantedB.get(key)
    if (inB === undefined) return false
    if (inA === "absent" || inB === "absent") return inA !== inB
    if (inA === "present" || inB === "present") return false
    return ![...inA].some((value) => inB.has(value))
  })
}

type Demand = ReadonlySet<string> | "present" | "absent"

/** What a selector asks of each key, as far as it can contradict another; NotIn is left out. */
function demandsOf({
  matchLabels = {},
  matchExpressions = [],
}: LabelSelector): Map<string, Demand> {
  const demands = new Map<string, Demand>()
  for (const { key, operator, values = [] } of matchExpressions) {
    if (operator === "In") demands.set(key, new Set(values))
    else if (operator === "Exists") demands.set(key, "present")
    else if (operator === "DoesNotExist") demands.set(key, "absent")
  }
  for (const [key, value] of Object.entries(matchLabels)) demands.set(key, new Set([value]))
  return demands
}

const priorityOf = (pool: SubnetPool) => pool.spec.priority ?? 0
