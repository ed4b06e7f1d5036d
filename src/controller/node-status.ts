import {
  type NodeNetworkStatus,
  nodePlacement,
  type PlacementKey,
  type PlacementStatus,
  type QuotaStatus,
} from "../api/nodenetwork.ts"
import type { BerthError } from "../errors/berth-error.ts"
import type { Shortage } from "../ipam/actions.ts"
import { placementStatus, type Resolution } from "../placement/resolve.ts"
import type { InterfaceLimits } from "../vpc/instance-limits.ts"
import type { Vpc } from "../vpc/model.ts"
import { type ConditionState, reasonOf, withTransitions } from "./conditions.ts"
import type { NodeState } from "./node-state.ts"

/** Shortages that say a subnet is used up. */
export const isExhaustion = (code: string): boolean =>
  code === "ipam/subnets-full" || code === "ec2/subnet-full" || code === "ec2/no-free-prefix"

export interface StatusInput {
  readonly generation: number | undefined
  readonly state: Pick<
    NodeState,
    "interfaces" | "intents" | "written" | "zone" | "instanceType" | "vpcId"
  >
  readonly vpc: Vpc | undefined
  readonly limits: InterfaceLimits | undefined
  readonly resolutions: ReadonlyMap<PlacementKey, Resolution>
  readonly shortages: readonly Shortage[]
  /** Why nothing can be decided for the node at all. */
  readonly obstacle: BerthError | undefined
  readonly quota: QuotaStatus | undefined
  /** EC2 has refused calls for going over its request limits lately. */
  readonly throttled: boolean
  readonly now: number
}

/** The controller's half of a NodeNetwork. The same input gives the same status, so an unchanged one is not written. */
export function nodeStatus(input: StatusInput): NodeNetworkStatus {
  const { state, vpc, limits, resolutions } = input
  if (input.obstacle) return blockedStatus(input)
  const placements = [...resolutions].map(([key, resolution]) =>
    withShortage(placementStatus(key, resolution), input.shortages),
  )
  const binding = resolutions.get(nodePlacement)?.binding
  const intents = [...state.intents.values()]
  return {
    ...(input.generation === undefined ? {} : { observedGeneration: input.generation }),
    ...(vpc ? { vpc: { id: vpc.id, cidrs: associated(vpc) } } : {}),
    ...(state.zone ? { zone: state.zone } : {}),
    ...(state.instanceType ? { instanceType: state.instanceType } : {}),
    ...(limits
      ? {
          limits: {
            interfaces: limits.interfaces,
            addressesPerInterface: limits.addressesPerInterface,
            prefixes: limits.prefixes,
          },
        }
      : {}),
    ...(binding ? { binding: { ...binding } } : {}),
    placements,
    interfaces: [...state.interfaces],
    ...(intents.length > 0 ? { intents } : {}),
    ...(input.quota ? { quota: input.quota } : {}),
    conditions: withTransitions(
      conditionsOf(input, placements),
      state.written?.conditions,
      input.now,
    ),
  }
}

/** Nothing could be decided: what was decided before stays, for pods are served from it. */
function blockedStatus(input: StatusInput): NodeNetworkStatus {
  const { interfaces } = input.state
  const { quota: _, ...written } = input.state.written ?? {}
  const placements = input.state.written?.placements ?? []
  const conditions = conditionsOf(input, placements)
  const before = input.state.written?.conditions
  return {
    ...written,
    placements,
    interfaces: [...interfaces],
    ...(input.quota ? { quota: input.quota } : {}),
    conditions: withTransitions(conditions, before, input.now),
  }
}

const associated = (vpc: Vpc) =>
  vpc.cidrs.filter((c) => c.state === "associated").map((c) => c.cidr)

/** Pods that wait in vain make a placement not ready; a warm pool that cannot be filled is only said. */
function withShortage(status: PlacementStatus, shortages: readonly Shortage[]): PlacementStatus {
  const shortage = shortages.find((s) => s.placement === status.placement)
  if (!shortage || !status.ready) return status
  const { code, message, hint } = shortage.error
  return { ...status, ready: shortage.waiting === 0, code, message, hint }
}

function conditionsOf(
  input: StatusInput,
  placements: readonly PlacementStatus[],
): ConditionState[] {
  const refused = [...input.resolutions].flatMap(([key, r]) =>
    r.ok || r.unreadable ? [] : [{ key, refusal: r.refusal }],
  )
  const exhausted = input.shortages.filter((s) => isExhaustion(s.error.code))
  const draining = input.state.interfaces.filter((i) => i.state === "Draining")
  return [
    readyCondition(input, placements),
    flag("PlacementRefused", refused[0] && reasonOf(refused[0].refusal.code), {
      yes: refused.map((r) => r.refusal.message).join("; "),
      no: "every placement can be used",
    }),
    flag("SubnetExhausted", exhausted.length > 0 ? "NoFreeAddress" : undefined, {
      yes: exhausted.map((s) => s.error.message).join("; "),
      no: "the subnets have free addresses",
    }),
    flag("Draining", draining.length > 0 ? "PlacementChanged" : undefined, {
      yes: `${draining.map((i) => i.id).join(", ")}: serve their pods, get no new ones`,
      no: "no interface is being given up",
    }),
    flag("Throttled", input.throttled ? "RequestLimitExceeded" : undefined, {
      yes: "EC2 throttles the controller's calls; they are made more slowly",
      no: "calls are within EC2's request limits",
    }),
  ]
}

function readyCondition(
  input: StatusInput,
  placements: readonly PlacementStatus[],
): ConditionState {
  const type = "Ready"
  if (input.obstacle) {
    const { code, message } = input.obstacle
    return { type, status: "False", reason: reasonOf(code), message }
  }
  const node = input.resolutions.get(nodePlacement)
  if (node && !node.ok && node.unreadable)
    return { type, status: "Unknown", reason: "Unreadable", message: node.refusal.message }
  const bad = placements.find((p) => !p.ready)
  if (bad) {
    const { code = "", message = "" } = bad
    return { type, status: "False", reason: reasonOf(code), message }
  }
  return { type, status: "True", reason: "Ready", message: "pods get addresses" }
}

function flag(
  type: string,
  reason: string | undefined,
  message: { yes: string; no: string },
): ConditionState {
  return reason === undefined
    ? { type, status: "False", reason: "None", message: message.no }
    : { type, status: "True", reason, message: message.yes }
}
