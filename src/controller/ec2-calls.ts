import type { CreateIntent, NodeInterface, NodeMode } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"
import type { CallPriority, Ec2 } from "../ec2/ec2.ts"
import { isError } from "../errors/catalogue.ts"
import type {
  AssignAction,
  CreateAction,
  RegroupAction,
  ReleaseAction,
  UnassignAction,
  Urgency,
} from "../ipam/actions.ts"
import { instanceTag } from "../ipam/ownership.ts"
import { prefixSize } from "../ipam/targets.ts"
import type { Logger } from "../log.ts"
import type { NetworkInterface } from "../vpc/model.ts"
import { adopt } from "./adopt.ts"
import type { CloudFacts } from "./cloud-facts.ts"
import { descriptionOf, intentTag, interfaceTags } from "./interface-tags.ts"
import type { NodeState } from "./node-state.ts"
import type { SubnetSupplies } from "./subnet-supply.ts"

export interface CallContext {
  readonly ec2: Ec2
  readonly clock: Clock
  readonly log: Logger
  readonly facts: CloudFacts
  readonly supplies: SubnetSupplies
  readonly clusterName: string | undefined
  /** The term: aborted when the lease is lost. */
  readonly signal: AbortSignal
  /** The node's record has changed: write it, plan again. */
  readonly changed: (node: string) => void
}

/** An intent older than this is not repeated: EC2 does not remember tokens for ever. It is looked up by its tag. */
const repeatableMs = 10 * 60_000
/** A detached interface can be deleted a moment later; EC2 says "in use" until then. */
const deletePausesMs = [1_000, 1_000, 2_000, 2_000, 4_000, 4_000, 8_000, 8_000, 15_000]
const attachPausesMs = [1_000, 2_000, 4_000]

/** True when EC2 may have carried the call out although it did not say so. */
export const isAmbiguous = (error: unknown): boolean =>
  isError(error, "ec2/unavailable") || (error as Error).name === "AbortError"

/** Creates an interface as recorded, attaches it, and lets it end with its instance. */
export async function createInterface(
  context: CallContext,
  state: NodeState,
  intent: CreateIntent,
  input: { mode: NodeMode; action: CreateAction },
): Promise<void> {
  const eni = await makeInterface(context, state, intent, input)
  state.intents.delete(intent.token)
  if (!eni) {
    context.changed(state.name)
    return
  }
  const iface = record(context, state, eni, input.mode)
  const { networkCard, deviceIndex, placement, object } = intent
  state.put({ ...iface, networkCard, deviceIndex, primary: false, placement, object })
  state.releasable.add(eni.id)
  // Addresses and MAC are known now: the agent prepares while EC2 attaches.
  context.changed(state.name)
  if (!eni.attachment) await attachInterface(context, state, eni.id, input.action.urgency)
}

/** The interface of an intent: made now, found from an earlier attempt, or none because it never came to be. */
async function makeInterface(
  context: CallContext,
  state: NodeState,
  intent: CreateIntent,
  { mode, action }: { mode: NodeMode; action: CreateAction },
): Promise<NetworkInterface | undefined> {
  const { ec2, clock, signal, supplies, clusterName } = context
  const options = { signal, priority: action.urgency }
  const lookUp = async () => {
    const tags = { [intentTag]: intent.token }
    return (await ec2.describeNetworkInterfaces({ tags }, options))[0]
  }
  if (clock.now() - Date.parse(intent.at) > repeatableMs) return lookUp()
  const { placement, object, token, subnetID, addresses, prefixes } = intent
  using reservation = supplies.reserve(subnetID, 1 + addresses + prefixes * prefixSize)
  const tags = interfaceTags({
    ...{ instanceID: state.instanceID, mode, clusterName, placement, object, token },
    // As recorded: a repeated call must be the same to the letter.
    nowMs: Date.parse(intent.at),
  })
  try {
    const eni = await ec2.createNetworkInterface(
      {
        subnetId: subnetID,
        securityGroups: intent.securityGroups,
        description: descriptionOf(state.instanceID),
        tags,
        ...(addresses > 0 ? { addressCount: addresses } : {}),
        ...(prefixes > 0 ? { prefixCount: prefixes } : {}),
        clientToken: token,
      },
      options,
    )
    reservation.spend(1 + eni.addresses.length + eni.prefixes.length * prefixSize)
    return eni
  } catch (error) {
    if (isError(error, "ec2/token-reused")) return lookUp()
    if (!isAmbiguous(error)) state.intents.delete(token)
    throw error
  }
}

/** Attaches an interface that is recorded as Attaching. One that cannot be attached is given back. */
export async function attachInterface(
  context: CallContext,
  state: NodeState,
  id: string,
  urgency: Urgency,
): Promise<void> {
  const { ec2, clock, log, signal } = context
  const options = { signal, priority: urgency }
  const iface = state.find(id)
  if (!iface) return
  const { deviceIndex, networkCard } = iface
  const { instanceID: instanceId } = state
  for (let attempt = 0; ; attempt++) {
    try {
      const request = { id, instanceId, deviceIndex, networkCard }
      const attachmentId = await ec2.attachNetworkInterface(request, options)
      state.attachments.set(id, { id: attachmentId, deleteOnTermination: false })
      break
    } catch (error) {
      const attached = await attachmentAfter(context, state, id, error)
      if (attached) break
      const pauseMs = attachPausesMs[attempt]
      if (isAmbiguous(error) && pauseMs !== undefined) {
        await clock.sleep(pauseMs, signal)
        continue
      }
      log.warn("an interface cannot be attached and is given back", {
        ...{ node: state.name, interface: id, deviceIndex, error: (error as Error).message },
      })
      state.update(id, () => ({ state: "Releasing" }))
      state.doubt(clock.now())
      context.changed(state.name)
      throw error
    }
  }
  state.update(id, () => ({ state: "Ready" }))
  context.changed(state.name)
  await endWithInstance(context, state, id, urgency)
}

/** After a failed attach: whether the interface is attached to this instance all the same. */
async function attachmentAfter(
  context: CallContext,
  state: NodeState,
  id: string,
  error: unknown,
): Promise<boolean> {
  if (!isAmbiguous(error) && !isError(error, "ec2/in-use")) return false
  const options = { signal: context.signal, priority: "allocate" } as const
  const found = await context.ec2.describeNetworkInterfaces({ ids: [id] }, options)
  const attachment = found[0]?.attachment
  if (attachment?.instanceId !== state.instanceID) return false
  state.attachments.set(id, attachment)
  return true
}

/** DeleteOnTermination: EC2 sets it for no interface that is attached later, so it takes a call. */
export async function endWithInstance(
  { ec2, signal }: CallContext,
  state: NodeState,
  id: string,
  priority: CallPriority,
): Promise<void> {
  const attachment = state.attachments.get(id)
  if (!attachment || attachment.deleteOnTermination) return
  const request = { id, attachmentId: attachment.id, deleteOnTermination: true }
  await ec2.modifyNetworkInterface(request, { signal, priority })
  state.attachments.set(id, { ...attachment, deleteOnTermination: true })
}

/** Assigns addresses or prefixes to a live interface. */
export async function assignAddresses(
  context: CallContext,
  state: NodeState,
  action: AssignAction,
): Promise<void> {
  const { ec2, clock, supplies, signal } = context
  const { interfaceID: id, subnetID, addresses, prefixes } = action
  using reservation = supplies.reserve(subnetID, addresses + prefixes * prefixSize)
  try {
    const count = prefixes > 0 ? { prefixCount: prefixes } : { addressCount: addresses }
    const given = await ec2.assignAddresses({ id, ...count }, { signal, priority: action.urgency })
    reservation.spend(given.addresses.length + given.prefixes.length * prefixSize)
    state.update(id, (iface) => ({
      addresses: union(iface.addresses, given.addresses),
      prefixes: union(iface.prefixes, given.prefixes),
    }))
  } catch (error) {
    // What EC2 holds is not what the record says, or is not known: compare.
    if (isAmbiguous(error) || isError(error, "ec2/limit") || isError(error, "ec2/not-found"))
      state.doubt(clock.now())
    throw error
  }
  context.changed(state.name)
}

/** Gives back what the agent has offered; only after EC2 has taken it does the record lose it. */
export async function unassignAddresses(
  context: CallContext,
  state: NodeState,
  action: UnassignAction,
): Promise<void> {
  const { ec2, clock, facts, signal } = context
  const { interfaceID: id, addresses, prefixes } = action
  try {
    // EC2 takes addresses or prefixes, not both in one call.
    const options = { signal, priority: "release" } as const
    if (prefixes.length > 0) await ec2.unassignAddresses({ id, prefixes }, options)
    if (addresses.length > 0) await ec2.unassignAddresses({ id, addresses }, options)
  } catch (error) {
    state.doubt(clock.now())
    throw error
  }
  const iface = state.find(id)
  if (iface) facts.spend(iface.subnetID, -(addresses.length + prefixes.length * prefixSize))
  state.update(id, (known) => ({
    addresses: known.addresses.filter((a) => !addresses.includes(a)),
    prefixes: known.prefixes.filter((p) => !prefixes.includes(p)),
  }))
  context.changed(state.name)
}

/** Detaches and deletes an interface. The record keeps it as Releasing until it is gone, so that a successor goes on. */
export async function releaseInterface(
  context: CallContext,
  state: NodeState,
  action: Pick<ReleaseAction, "interfaceID">,
): Promise<void> {
  const { ec2, clock, facts, log, signal } = context
  const { interfaceID: id } = action
  const options = { signal, priority: "release" } as const
  const [found] = await ec2.describeNetworkInterfaces({ ids: [id] }, options).catch(absentIsNone)
  if (found && found.tags[instanceTag] !== state.instanceID) {
    log.warn("an interface is not given back: its tags do not name this node", { interface: id })
    state.update(id, () => ({ state: "Foreign" }))
    return
  }
  state.update(id, () => ({ state: "Releasing" }))
  context.changed(state.name)
  if (found?.attachment && found.attachment.state !== "detaching") {
    const request = { attachmentId: found.attachment.id }
    await ec2.detachNetworkInterface(request, options).catch((error) => {
      if (!isError(error, "ec2/not-found")) throw error
    })
  }
  for (let attempt = 0; found; attempt++) {
    try {
      await ec2.deleteNetworkInterface({ id }, options)
      break
    } catch (error) {
      const pauseMs = deletePausesMs[attempt]
      if (!isError(error, "ec2/in-use") || pauseMs === undefined) throw error
      await clock.sleep(pauseMs, signal)
    }
  }
  const freed = state.find(id)
  if (freed)
    facts.spend(freed.subnetID, -(1 + freed.addresses.length + freed.prefixes.length * prefixSize))
  state.drop(id)
  context.changed(state.name)
}

/** Replaces the security groups of a live interface: one call, and pods keep running. */
export async function regroupInterface(
  context: CallContext,
  state: NodeState,
  action: RegroupAction,
): Promise<void> {
  const { ec2, facts, signal } = context
  const { interfaceID: id, securityGroups } = action
  try {
    await ec2.modifyNetworkInterface({ id, securityGroups }, { signal, priority: action.urgency })
  } catch (error) {
    if (isError(error, "ec2/not-found")) for (const group of securityGroups) facts.forget(group)
    throw error
  }
  state.update(id, () => ({ securityGroups: [...securityGroups] }))
  context.changed(state.name)
}

function record(
  { facts, clusterName }: CallContext,
  state: NodeState,
  eni: NetworkInterface,
  mode: NodeMode,
): NodeInterface {
  const subnet = facts.subnet(eni.subnetId)
  return adopt(eni, {
    instanceID: state.instanceID,
    ...(clusterName ? { clusterName } : {}),
    manageUntagged: mode.manageUntagged,
    defaultNetworkCard: eni.attachment?.networkCard ?? 0,
    placements: [],
    cidrOf: () => (subnet.state === "found" ? subnet.value.cidr : ""),
  })
}

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])]

function absentIsNone(error: unknown): NetworkInterface[] {
  if (isError(error, "ec2/not-found")) return []
  throw error
}
