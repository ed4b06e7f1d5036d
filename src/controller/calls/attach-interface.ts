import type { CallPriority } from "../../ec2/ec2.ts"
import { isError } from "../../errors/catalogue.ts"
import type { Urgency } from "../../ipam/actions.ts"
import type { NodeState } from "../node-state.ts"
import { type CallContext, isAmbiguous } from "./call-context.ts"

const attachPausesMs = [1_000, 2_000, 4_000]

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
