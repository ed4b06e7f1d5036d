import {
  type NodeInterface,
  type NodeNetworkSpec,
  nodePlacement,
  type PlacementDemand,
  type PlacementKey,
} from "../api/nodenetwork.ts"
import type { Resolution } from "../placement/resolve.ts"
import type { SubnetSupply } from "../placement/strategy.ts"
import type { Trace, TraceStep } from "../placement/trace.ts"
import type { InterfaceLimits } from "../vpc/instance-limits.ts"
import type { Action, MarkAction, Shortage } from "./actions.ts"
import { converge } from "./convergence.ts"
import { Draft } from "./draft.ts"
import { giveBack, isSettling } from "./give-back.ts"
import { type Account, type Growth, grow } from "./growth.ts"
import { InterfaceSlots } from "./interface-slots.ts"
import { shortageOf } from "./shortages.ts"
import { roomOn, servesNewPods, stockOf } from "./stock.ts"
import { goalOf, prefixSize } from "./targets.ts"

export interface PlanInput {
  readonly node: string
  readonly spec: Pick<NodeNetworkSpec, "mode" | "targets" | "demand" | "offers">
  readonly limits: InterfaceLimits
  /** Every interface of the instance, those being attached and foreign ones included. */
  readonly interfaces: readonly NodeInterface[]
  /** Actions of earlier plans under way whose effect is not in `interfaces` yet. */
  readonly inFlight: readonly Action[]
  /** A resolution for every placement of `spec.demand` and `interfaces`. */
  readonly resolutions: ReadonlyMap<PlacementKey, Resolution>
  /** By subnet id; a subnet that is not in the map is tried as if it had room. */
  readonly supply: ReadonlyMap<string, SubnetSupply>
  /** The node is cordoned: without AWS_MANAGE_ENIS_NON_SCHEDULABLE only waiting pods are served. */
  readonly unschedulable: boolean
  /** Milliseconds since the epoch; for back-offs. */
  readonly now: number
}

export interface Plan {
  /** In the order to start them; all but those of one interface may run at the same time. */
  readonly actions: readonly Action[]
  readonly shortages: readonly Shortage[]
  readonly trace: Trace
}

/**
 * Decides what to ask EC2 for on behalf of one node, and what of it cannot be had. Costs a walk over the node's
 * interfaces for each of its placements.
 */
export function planNode(input: PlanInput): Plan {
  const { spec, interfaces, inFlight } = input
  const changes = convergences(input)
  const marks = changes.filter((change) => change.do === "mark")
  const { provisioning } = spec.mode
  const { targets, mode } = spec
  const slots = new InterfaceSlots(input.limits, targets.maxENI, interfaces, inFlight, mode)
  const draft = new Draft({ ...input, slots })
  const accounts = spec.demand.map((demand) => accountOf(demand, { input, marks, slots, draft }))
  const maxPods = spec.targets.maxPods > 0 ? spec.targets.maxPods : Number.POSITIVE_INFINITY

  if (provisioning) grow(accounts.filter(mayGrow).sort(neediestFirst), draft, maxPods)
  const growing = draft.actions()
  const calls = [
    ...changes.filter((change) => change.do !== "mark"),
    ...growing,
    ...giveBack(spec.offers, interfaces, [...inFlight, ...growing]),
  ]
  return {
    actions: provisioning ? [...marks, ...calls] : marks,
    shortages: accounts.flatMap((account) => shortageOf(account, { input, slots, draft, maxPods })),
    trace: [...accounts.map(describe), ...draft.trace],
  }
}

function convergences({ interfaces, inFlight, resolutions }: PlanInput): Action[] {
  const busy = new Set(
    inFlight.flatMap((a) => (a.do === "release" || a.do === "regroup" ? [a.interfaceID] : [])),
  )
  return interfaces
    .filter((iface) => !busy.has(iface.id))
    .flatMap((iface) => converge(iface, resolutions.get(iface.placement)))
}

interface Making {
  readonly input: PlanInput
  readonly marks: readonly MarkAction[]
  readonly slots: InterfaceSlots
  readonly draft: Draft
}

/** Opens the account of a placement, and lets the draft top up the interfaces that serve it. */
function accountOf(demand: PlacementDemand, { input, marks, slots, draft }: Making): Account {
  const { spec, limits, inFlight } = input
  const { placement: key } = demand
  const resolution = input.resolutions.get(key)
  const prefixes = spec.mode.prefixDelegation && limits.prefixes
  const perInterface = slots.perInterface * (prefixes ? prefixSize : 1)
  const { customNetworking, manageWhenUnschedulable } = spec.mode
  const drains = input.interfaces.some(
    (iface) => iface.placement === key && isDraining(iface, marks),
  )
  const context = { customNetworking, offers: spec.offers, inFlight, marks, perInterface, drains }
  const serving = input.interfaces.filter(
    (iface) => iface.placement === key && servesNewPods(iface, resolution, context),
  )
  if (resolution?.ok) {
    for (const iface of serving.filter((i) => !isSettling(i, spec.offers, inFlight))) {
      const room = roomOn(iface, slots.perInterface, inFlight)
      draft.addInterface(iface, resolution.placement, room)
    }
  }
  const warm = !input.unschedulable || manageWhenUnschedulable
  const goal = goalOf(key, spec.targets, prefixes, warm)
  return { key, resolution, goal, stock: stockOf(demand, serving, context), prefixes, granted: 0 }
}

const isDraining = ({ id, state }: NodeInterface, marks: readonly MarkAction[]) =>
  (marks.find((mark) => mark.interfaceID === id)?.state ?? state) === "Draining"

const mayGrow = (account: Account): account is Growth => account.resolution?.ok === true

/** Those without any address go first, then the node placement, then by name. */
const neediestFirst = (a: Growth, b: Growth) =>
  Number(a.stock.total > 0) - Number(b.stock.total > 0) ||
  Number(b.key === nodePlacement) - Number(a.key === nodePlacement) ||
  (a.key < b.key ? -1 : 1)

function describe({ key, stock, granted }: Account): TraceStep {
  const { total, held, cooling, waiting } = stock
  const has = `${total} addresses, ${held} held, ${cooling} cooling; ${waiting} pods wait`
  return { subject: key, verdict: "noted", why: `${has}; ${granted} more are asked for` }
}
