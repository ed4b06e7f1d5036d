import type { Node } from "../api/core.ts"
import type { NodeNetwork, PlacementKey, QuotaStatus } from "../api/nodenetwork.ts"
import { nodePlacement } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import type { Action, Shortage } from "../ipam/actions.ts"
import { type Plan, planNode } from "../ipam/plan.ts"
import type { Resolution } from "../placement/resolve.ts"
import { type InterfaceLimits, interfaceLimitsOf, limitsOf } from "../vpc/instance-limits.ts"
import type { CloudFacts } from "./cloud-facts.ts"
import type { NodeCalls } from "./node-calls.ts"
import { failureKeyOf, type NodeState } from "./node-state.ts"
import { isExhaustion } from "./node-status.ts"
import type { QuotaBook } from "./quota-book.ts"
import { type PlacementInformers, resolvePlacements } from "./resolve-placements.ts"
import type { SubnetSupplies } from "./subnet-supply.ts"
import { sightingsApartMs } from "./truth.ts"

export interface DecideOptions {
  readonly clock: Clock
  readonly placements: PlacementInformers
  readonly facts: CloudFacts
  readonly supplies: SubnetSupplies
  readonly calls: NodeCalls
  readonly quotas: QuotaBook
}

export interface DecideInput {
  readonly state: NodeState
  readonly object: NodeNetwork
  readonly node: Node
}

export interface Decision {
  readonly resolutions: ReadonlyMap<PlacementKey, Resolution>
  readonly shortages: readonly Shortage[]
  readonly actions: readonly Action[]
  readonly limits: InterfaceLimits | undefined
  readonly obstacle: BerthError | undefined
  readonly quota: QuotaStatus | undefined
}

/** Free addresses older than this are asked for anew before addresses are taken from a subnet. */
const supplyAgeMs = 60_000
/** A placement that cannot serve is looked at again: a subnet may have got room, or an id may exist by now. */
export const recheckMs = 15_000

/**
 * When to compare a node with EC2 because its pods wait for what only its own record explains, such as a slot that
 * somebody else took, or addresses that somebody attached by hand: at once, and then as often as a difference has to be
 * seen. Undefined: with the next audit. Costs one call for a hundred such nodes, after everything urgent.
 */
export function compareAt(state: NodeState, { shortages }: Decision): number | undefined {
  const isOwn = ({ waiting, error }: Shortage) => waiting > 0 && nodeCauses.has(error.code)
  return shortages.some(isOwn) ? (state.verifiedAt ?? 0) + sightingsApartMs : undefined
}

const nodeCauses: ReadonlySet<string> = new Set([
  "ipam/no-interface-slot",
  "ipam/provisioning-off",
  "ec2/limit",
])

/** What a pool selects by tag or name may be there by now; what is named by its id is asked for by it. */
const selectionCauses: ReadonlySet<string> = new Set([
  "placement/no-subnet",
  "placement/security-group-invalid",
])

/** The decision while something stands in the way of any. */
export const blockedBy = (
  options: DecideOptions,
  input: DecideInput,
  obstacle: Error | undefined,
): Decision => ({
  resolutions: new Map(),
  shortages: [],
  actions: [],
  limits: undefined,
  obstacle:
    obstacle instanceof BerthError || obstacle === undefined
      ? obstacle
      : asBerthError(obstacle, "describe"),
  quota: quotaOf(options, input, new Map()).status,
})

const quotaOf = (
  { quotas }: DecideOptions,
  { state, object: { spec } }: DecideInput,
  resolutions: ReadonlyMap<PlacementKey, Resolution>,
) => {
  const { name, interfaces, written } = state
  const canServe = (key: PlacementKey) => resolutions.get(key)?.ok === true
  return quotas.decide(name, { spec, interfaces, quota: written?.quota }, canServe)
}

/**
 * Decides on a node; loads what of the cloud the decision needs and nobody has loaded yet. `prepare` is called with the
 * decision before anything else runs, so that what it sets aside is what the decision has seen.
 */
export async function decideNode<P>(
  options: DecideOptions,
  input: DecideInput,
  prepare: (decision: Decision) => P,
): Promise<{ decision: Decision; prepared: P }> {
  const { facts } = options
  const { vpcId } = input.state
  let decision: Decision
  try {
    const limits = interfaceLimitsOf(limitsOf(input.state.instanceType))
    decision = decideWith(options, limits, input, await resolve(options, input))
    const selectsNone = [...decision.resolutions.values()].some(
      (r) => !r.ok && selectionCauses.has(r.refusal.code),
    )
    if (selectsNone || wantsFreshSupply(options, input.state, decision)) {
      const allGroups = selectsNone && facts.groupsOf(vpcId).state === "found"
      await facts.ensure({ vpcId, subnets: [], groups: [], allGroups }, recheckMs - 5_000)
      decision = decideWith(options, limits, input, await resolve(options, input))
    }
  } catch (error) {
    if (!(error instanceof BerthError)) throw error
    decision = blockedBy(options, input, error)
  }
  return { decision, prepared: prepare(decision) }
}

/**
 * The agent states its instance, and the Node object knows it from the cloud provider. Where they differ nothing is
 * done: whoever can write a NodeNetwork must not be able to have interfaces attached to somebody else's instance.
 */
export function instanceMismatch({ name, instanceID }: NodeState, node: Node): Error | undefined {
  const known = node.spec?.providerID?.split("/").at(-1)
  if (!known || known === instanceID) return undefined
  return fail("controller/instance-mismatch", { node: name, stated: instanceID, known })
}

function resolve(
  options: DecideOptions,
  input: DecideInput,
): Promise<ReadonlyMap<PlacementKey, Resolution>> {
  const { state, object } = input
  const keys = new Set([nodePlacement, ...object.spec.demand.map((d) => d.placement)])
  for (const iface of state.interfaces) if (iface.state !== "Foreign") keys.add(iface.placement)
  return resolveOnNode(keys, options, input)
}

/** What placements mean on a node. Errors: ec2/not-found, when the instance shows no primary interface. */
export function resolveOnNode(
  keys: Iterable<PlacementKey>,
  { placements, facts }: Pick<DecideOptions, "placements" | "facts">,
  { state, object, node }: DecideInput,
): Promise<ReadonlyMap<PlacementKey, Resolution>> {
  const { spec } = object
  const primary = state.interfaces.find((iface) => iface.primary)
  if (!primary)
    throw fail("ec2/not-found", { resource: `an interface of instance ${state.instanceID}` })
  const nodeFacts = {
    name: state.name,
    labels: node.metadata.labels,
    annotations: node.metadata.annotations,
    zone: state.zone,
    vpcId: state.vpcId,
    primary: { subnetId: primary.subnetID, securityGroups: primary.securityGroups },
  }
  return resolvePlacements(keys, { node: nodeFacts, mode: spec.mode }, placements, facts)
}

function decideWith(
  options: DecideOptions,
  limits: InterfaceLimits,
  input: DecideInput,
  resolutions: ReadonlyMap<PlacementKey, Resolution>,
): Decision {
  const { state, object, node } = input
  const quota = quotaOf(options, input, resolutions)
  const demand = object.spec.demand.map((d) => ({
    ...d,
    waiting: Math.max(0, d.waiting - (quota.denied.get(d.placement) ?? 0)),
  }))
  const plan = planNode({
    node: state.name,
    spec: { ...object.spec, demand },
    limits,
    interfaces: state.interfaces,
    inFlight: state.inFlight(),
    resolutions,
    supply: options.supplies.of(subnetsOf(resolutions)),
    unschedulable: isUnschedulable(node),
    now: options.clock.now(),
  })
  const shortages = [...plan.shortages, ...heldBack(state, object, plan)]
  const { actions } = plan
  return { resolutions, shortages, actions, limits, obstacle: undefined, quota: quota.status }
}

/** Calls that failed are shortages too, when pods wait for them, also while they are tried again. */
function heldBack(state: NodeState, object: NodeNetwork, plan: Plan): Shortage[] {
  const again = [...state.running.values()].flatMap(({ action }) => action ?? [])
  return [...plan.actions, ...again].flatMap((action): Shortage[] => {
    if (action.do !== "create" && action.do !== "assign") return []
    const failure = state.failures.get(failureKeyOf(action))?.error
    if (!failure) return []
    const { placement } = action
    if (plan.shortages.some((s) => s.placement === placement)) return []
    const waiting = object.spec.demand.find((d) => d.placement === placement)?.waiting ?? 0
    const error = failure instanceof BerthError ? failure : asBerthError(failure, action.do)
    return [{ placement, waiting, warm: 0, error }]
  })
}

function wantsFreshSupply(
  { facts, clock }: DecideOptions,
  state: NodeState,
  { actions, shortages, resolutions }: Decision,
): boolean {
  const takes = actions.some((a) => a.do === "create" || a.do === "assign")
  const full = shortages.some((s) => isExhaustion(s.error.code))
  if (!takes && !full) return false
  const limit = full ? recheckMs - 5_000 : supplyAgeMs
  const oldest = Math.min(...subnetsOf(resolutions).map((id) => facts.observedAt(id) ?? 0))
  return state.vpcId !== "" && clock.now() - oldest > limit
}

function subnetsOf(resolutions: ReadonlyMap<PlacementKey, Resolution>): string[] {
  return [...resolutions.values()].flatMap((r) =>
    r.ok ? r.placement.subnets.map(({ subnet }) => subnet.id) : [],
  )
}

const asBerthError = (error: Error, action: string) =>
  fail("ec2/failed", { action, code: error.name, message: error.message }, error)

/** Cordoned: by the field, or by the taint that the node controller derives from it. */
const isUnschedulable = (node: Node): boolean =>
  node.spec?.unschedulable === true ||
  (node.spec?.taints ?? []).some((t) => t.key === "node.kubernetes.io/unschedulable")
