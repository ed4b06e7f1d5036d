import { isError } from "../../errors/catalogue.ts"
import type { ReleaseAction } from "../../ipam/actions.ts"
import { instanceTag } from "../../ipam/ownership.ts"
import type { NetworkInterface } from "../../vpc/model.ts"
import type { NodeState } from "../node-state.ts"
import { amountOn, type CallContext } from "./call-context.ts"

/** A detached interface can be deleted a moment later; EC2 says "in use" until then. */
const deletePausesMs = [1_000, 1_000, 2_000, 2_000, 4_000, 4_000, 8_000, 8_000, 15_000]

/** What one read does not show may have been created a moment ago. */
const lookPausesMs = [2_000, 8_000, 20_000]

/** Detaches and deletes an interface. The record keeps it as Releasing until it is gone, so that a successor goes on. */
export async function releaseInterface(
  context: CallContext,
  state: NodeState,
  action: Pick<ReleaseAction, "interfaceID">,
): Promise<void> {
  const { ec2, clock, supplies, log, signal } = context
  const { interfaceID: id } = action
  const options = { signal, priority: "release" } as const
  const found = await findInterface(context, id)
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
  let deletedAt = clock.now()
  for (let attempt = 0; found; attempt++) {
    deletedAt = clock.now()
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
  if (freed) supplies.freed(freed.subnetID, amountOn(freed, 1), deletedAt)
  state.drop(id)
  context.changed(state.name)
}

/** The interface; undefined when several looks, over a time longer than EC2's reads lag behind, do not show it. */
async function findInterface(
  { ec2, clock, signal }: CallContext,
  id: string,
): Promise<NetworkInterface | undefined> {
  const options = { signal, priority: "release" } as const
  for (let look = 0; ; look++) {
    const [found] = await ec2.describeNetworkInterfaces({ ids: [id] }, options).catch(absentIsNone)
    const pauseMs = lookPausesMs[look]
    if (found || pauseMs === undefined) return found
    await clock.sleep(pauseMs, signal)
  }
}

function absentIsNone(error: unknown): NetworkInterface[] {
  if (isError(error, "ec2/not-found")) return []
  throw error
}
