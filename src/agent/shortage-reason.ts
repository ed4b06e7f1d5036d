import type { NodeNetworkStatus, PlacementKey } from "../api/nodenetwork.ts"
import type { PoolShortage } from "../ipam/pool.ts"

/** Why a placement cannot serve now. */
export interface Refusal {
  readonly why: string
  readonly hint: string
  /** Supply is not under way: the controller said no. */
  readonly refused: boolean
  /** Waiting will not help: a human has to act first. */
  readonly final: boolean
}

export interface ReasonInput {
  readonly node: string
  readonly placement: PlacementKey
  readonly shortage: PoolShortage
  /** Undefined while the controller has not answered, or its answer is for an earlier mode. */
  readonly status: NodeNetworkStatus | undefined
  /** Why there is no status, when that is known. */
  readonly unreadable: string | undefined
  /** Interfaces that the kernel does not show or take yet. */
  readonly problems: readonly { id: string; problem: string }[]
  readonly provisioning: boolean
  /** The controller has not answered what the node asked for last. */
  readonly unanswered: boolean
  /** An idle interface is being given back, which frees its slot. */
  readonly makingWay: boolean
}

/** Puts what is known about a shortage into words: which subnet, which cause, what to do. */
export function shortageReason(input: ReasonInput): Refusal {
  const { node, placement, status, unreadable } = input
  const describe = `kubectl describe nodenetwork ${node}`
  if (unreadable !== undefined) {
    const hint = "Check that the API server can be reached from the node."
    return pending(`NodeNetwork ${node} could not be read: ${unreadable}`, hint)
  }
  if (!status) {
    const hint = `Check the controller: kubectl -n kube-system get deployment berth-controller; ${describe}`
    return pending("the controller has not answered for this node yet", hint)
  }
  const told = status.placements.find((p) => p.placement === placement)
  if (told && !told.ready && told.message) {
    const { code = "", message, hint = describe } = told
    if (code === "ipam/no-interface-slot" && input.makingWay)
      return pending("an idle interface of the node makes way for one of this placement", describe)
    const final = code.startsWith("placement/") && code !== "placement/unreadable"
    return { why: message, hint, refused: true, final }
  }
  return underWay(input, describe)
}

function underWay(input: ReasonInput, describe: string): Refusal {
  const { node, shortage, problems, placement, provisioning } = input
  const { total, held, cooling, interfaces, nextFreeAt } = shortage
  const of = placement === "node" ? "" : ` of placement ${placement}`
  const have = `${held} of ${total} addresses${of} on ${interfaces} interfaces are in use`
  if (shortage.settingUp > 0 && problems.length > 0) return settingUp(node, problems)
  if (!provisioning) {
    const why = `all ${total} addresses attached to the node are in use`
    const hint = "DISABLE_NETWORK_RESOURCE_PROVISIONING is set: attach more addresses, or unset it."
    return { ...pending(why, hint), refused: true }
  }
  if (input.unanswered) {
    const hint = `Check that it runs: kubectl -n kube-system get deployment berth-controller; ${describe}`
    return pending(`${have}, and the controller has not answered the node's demand`, hint)
  }
  if (input.status?.conditions.some((c) => c.type === "Throttled" && c.status === "True")) {
    const hint = "Berth repeats the calls; look for who else calls EC2 in this account and region."
    return pending(`${have}, and EC2 throttles the calls that bring more`, hint)
  }
  if (cooling > 0 && nextFreeAt !== undefined) {
    const time = new Date(nextFreeAt).toISOString()
    return pending(`${cooling} of ${total} addresses cool down, the next until ${time}`, describe)
  }
  return pending(`${have}, and more were asked for`, describe)
}

/** There are addresses, on interfaces that cannot carry pods yet. */
export function settingUp(node: string, problems: ReasonInput["problems"]): Refusal {
  const what = problems.map(({ id, problem }) => `${id}: ${problem}`).join("; ")
  const why = `the kernel does not show all interfaces yet (${what})`
  return pending(why, `kubectl describe nodenetwork ${node}`)
}

const pending = (why: string, hint: string): Refusal => ({
  why,
  hint,
  refused: false,
  final: false,
})
