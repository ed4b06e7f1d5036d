import { isError } from "../../errors/catalogue.ts"
import { limitsOf } from "../../vpc/instance-limits.ts"
import { maxPods } from "../../vpc/max-pods.ts"
import { nodeDemand } from "../capacity/node-demand.ts"
import { targetsOf } from "../capacity/warm-targets.ts"
import type { Examination } from "../doctor/examination.ts"
import type { NodeFacts } from "../snapshot.ts"
import type { ChangeRequest } from "./change-request.ts"

/** How the cluster would be set once the change is made. */
export interface TargetMode {
  readonly customNetworking: boolean
  readonly prefixDelegation: boolean
  readonly env: Readonly<Record<string, string>>
}

export function targetMode({ index, env }: Examination, request: ChangeRequest): TargetMode {
  return {
    customNetworking: request.customNetworking ?? index.mode.customNetworking,
    prefixDelegation: request.prefixDelegation ?? index.mode.prefixDelegation,
    env: { ...env, ...request.targets },
  }
}

/** What one zone's pods will want of their subnets. */
export interface ZoneNeed {
  readonly zone: string
  readonly nodes: number
  readonly pods: number
  /** Addresses for the pods that run there now and those to come, with the warm pool. */
  readonly now: number
  /** With every node as full as it may be, and one node more while nodes are replaced. */
  readonly full: number
}

/** The addresses each zone needs after the change. Growth is spread over the zones. */
export function zoneNeeds(
  examination: Examination,
  mode: TargetMode,
  request: ChangeRequest,
): ZoneNeed[] {
  const { index, nodes, addressedPods } = examination
  const zones = [...Map.groupBy(nodes, (node) => index.zoneOf(node))].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )
  const share = (count: number | undefined) => Math.ceil((count ?? 0) / Math.max(1, zones.length))
  return zones.map(([zone, members]) => {
    const extraNodes = share(request.moreNodes)
    const podsNow = members.map((node) => addressedPods(node).length)
    const extra = share(request.morePods)
    const largest = Math.max(
      0,
      ...members.map((node) => demandAt(node, Number.POSITIVE_INFINITY, examination, mode)),
    )
    const now = members.reduce(
      (sum, node, i) => sum + demandAt(node, podsNow[i] ?? 0, examination, mode),
      extra,
    )
    const full = members.reduce(
      (sum, node) => sum + demandAt(node, Number.POSITIVE_INFINITY, examination, mode),
      extra,
    )
    return {
      zone,
      nodes: members.length + extraNodes,
      pods: podsNow.reduce((a, b) => a + b, 0) + extra,
      now: now + extraNodes * largest,
      full: full + (extraNodes + 1) * largest,
    }
  })
}

/** What a node takes with this many pods, or with as many as it may run. An unknown type counts as 30 addresses. */
function demandAt(node: NodeFacts, pods: number, { index }: Examination, mode: TargetMode): number {
  const type = index.typeOf(node)
  const { customNetworking, prefixDelegation, env } = mode
  try {
    if (type === undefined) return unknownType
    const { recommended, podAddresses } = maxPods({ type, customNetworking, prefixDelegation })
    const most = Math.min(pods, recommended, podAddresses)
    const targets = targetsOf(env, recommended)
    return nodeDemand({
      limits: limitsOf(type),
      pods: most,
      targets,
      customNetworking,
      prefixDelegation,
    }).total
  } catch (error) {
    if (isError(error, "vpc/instance-type-unknown")) return unknownType
    throw error
  }
}

const unknownType = 30
