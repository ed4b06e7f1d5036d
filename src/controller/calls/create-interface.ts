import type { CreateIntent, NodeInterface, NodeMode } from "../../api/nodenetwork.ts"
import { isError } from "../../errors/catalogue.ts"
import type { CreateAction } from "../../ipam/actions.ts"
import type { NetworkInterface } from "../../vpc/model.ts"
import { adopt } from "../adopt.ts"
import { descriptionOf, intentTag, interfaceTags } from "../interface-tags.ts"
import type { NodeState } from "../node-state.ts"
import { amountOf, type Hold } from "../subnet-supply.ts"
import { attachInterface } from "./attach-interface.ts"
import { amountOn, type CallContext, isAmbiguous } from "./call-context.ts"

/** An intent older than this is not repeated: EC2 does not remember tokens for ever. It is looked up by its tag. */
const repeatableMs = 10 * 60_000

/** Creates an interface as recorded, attaches it, and lets it end with its instance. */
export async function createInterface(
  context: CallContext,
  state: NodeState,
  intent: CreateIntent,
  input: CreateInput,
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

export interface CreateInput {
  readonly mode: NodeMode
  readonly action: CreateAction
  /** Set when the call was planned by this term; a call repeated from the record has set nothing aside. */
  readonly hold: Hold | undefined
}

/** The interface of an intent: made now, found from an earlier attempt, or none because it never came to be. */
async function makeInterface(
  context: CallContext,
  state: NodeState,
  intent: CreateIntent,
  { mode, action, hold }: CreateInput,
): Promise<NetworkInterface | undefined> {
  const { ec2, clock, signal, supplies, clusterName } = context
  const options = { signal, priority: action.urgency }
  const lookUp = async () => {
    const tags = { [intentTag]: intent.token }
    return (await ec2.describeNetworkInterfaces({ tags }, options))[0]
  }
  if (clock.now() - Date.parse(intent.at) > repeatableMs) return lookUp()
  const { placement, object, token, subnetID, addresses, prefixes } = intent
  const held = hold ?? supplies.reserve(subnetID, amountOf(action))
  const tags = interfaceTags({
    ...{ instanceID: state.instanceID, mode, placement, object, token },
    clusterName: clusterName.value,
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
    held?.settle({ used: amountOn(eni, 1) })
    return eni
  } catch (error) {
    held?.settle(isAmbiguous(error) ? "unknown" : "refused")
    if (isError(error, "ec2/token-reused")) return lookUp()
    if (!isAmbiguous(error)) state.intents.delete(token)
    throw error
  }
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
    ...(clusterName.value ? { clusterName: clusterName.value } : {}),
    manageUntagged: mode.manageUntagged,
    defaultNetworkCard: eni.attachment?.networkCard ?? 0,
    placements: [],
    cidrOf: () => (subnet.state === "found" ? subnet.value.cidr : ""),
  })
}
