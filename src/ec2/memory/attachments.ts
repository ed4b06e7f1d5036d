import type { Core } from "./core.ts"
import { badCombination, Ec2Fault, invalid, notFound } from "./fault.ts"
import { instanceOf } from "./instances.ts"
import { interfaceOf } from "./interfaces.ts"
import { limitsOf } from "./limits.ts"
import type { CloudInstance, CloudInterface } from "./records.ts"

export interface NewAttachment {
  readonly id: string
  readonly instanceId: string
  readonly deviceIndex: number
  readonly networkCard?: number
  readonly deleteOnTermination?: boolean
}

/** Starts attaching; the attachment is `attached` after `timing.attachMs`. Returns its id. */
export function attachInterface(core: Core, input: NewAttachment): string {
  const eni = interfaceOf(core, input.id)
  const instance = instanceOf(core, input.instanceId)
  if (eni.attachment !== undefined)
    throw new Ec2Fault("InvalidNetworkInterface.InUse", `Interface: [${eni.id}] in use.`)
  if (instance.state !== "running" && instance.state !== "stopped" && instance.state !== "pending")
    throw new Ec2Fault(
      "IncorrectInstanceState",
      `The instance '${instance.id}' is not in a valid state to attach an interface.`,
    )
  // EC2 documents neither code nor text of this refusal; the pair is what users report.
  if (instance.zone !== eni.zone)
    throw badCombination(
      "You may not attach a network interface to an instance if they are not in the same availability zone",
    )
  checkSlot(core, instance, eni, input)
  const attachment = place(core, eni, input, "attaching")
  core.later(core.timing.attachMs, () => settleAttachment(core, eni.id, attachment.id))
  return attachment.id
}

function checkSlot(
  core: Core,
  instance: CloudInstance,
  eni: CloudInterface,
  input: NewAttachment,
): void {
  const card = input.networkCard ?? 0
  const limits = limitsOf(instance.type)
  const slots = limits.networkCards[card]
  if (slots === undefined)
    throw invalid(`Instance type ${instance.type} has no network card ${card}.`)
  const onCard = core.tables.networkInterface
    .in(instance.id)
    .filter((i) => (i.attachment?.networkCard ?? 0) === card)
  if (onCard.some((i) => i.attachment?.deviceIndex === input.deviceIndex))
    throw invalid(
      `Instance '${instance.id}' already has an interface attached at device index '${input.deviceIndex}'.`,
    )
  if (onCard.length >= slots)
    throw new Ec2Fault(
      "AttachmentLimitExceeded",
      `Interface count ${onCard.length + 1} exceeds the limit for ${instance.type}`,
    )
  if (1 + eni.addresses.length + eni.prefixes.length > limits.ipv4PerEni)
    throw new Ec2Fault(
      "PrivateIpAddressLimitExceeded",
      "Number of private addresses will exceed limit.",
    )
}

/** Writes the attachment into the interface. */
export function place(
  core: Core,
  eni: CloudInterface,
  to: NewAttachment,
  state: "attaching" | "attached",
): { id: string } {
  const attachment = {
    id: core.newId("eni-attach"),
    instanceId: to.instanceId,
    deviceIndex: to.deviceIndex,
    networkCard: to.networkCard ?? 0,
    deleteOnTermination: to.deleteOnTermination ?? false,
    state,
    attachedAt: core.now(),
  }
  core.tables.networkInterface.put({ ...eni, status: "in-use", attachment })
  return attachment
}

function settleAttachment(core: Core, interfaceId: string, attachmentId: string): void {
  const eni = core.tables.networkInterface.get(interfaceId)
  if (eni?.attachment?.id !== attachmentId || eni.attachment.state !== "attaching") return
  core.tables.networkInterface.put({
    ...eni,
    attachment: { ...eni.attachment, state: "attached" },
  })
}

/** Starts detaching; the interface is `available` after `timing.detachMs`. */
export function detachInterface(core: Core, input: { attachmentId: string }): void {
  const eni = findByAttachment(core, input.attachmentId)
  if (eni?.attachment === undefined) throw notFound(input.attachmentId)
  if (eni.attachment.deviceIndex === 0)
    throw new Ec2Fault(
      "OperationNotPermitted",
      "The network interface at device index 0 and networkCard index 0 cannot be detached.",
    )
  if (eni.attachment.state === "detaching") return
  const { attachment } = eni
  core.tables.networkInterface.put({
    ...eni,
    status: "detaching",
    attachment: { ...attachment, state: "detaching" },
  })
  core.later(core.timing.detachMs, () => release(core, eni.id, attachment.id))
}

/** Ends the attachment, whatever its state. */
export function release(core: Core, interfaceId: string, attachmentId: string): void {
  const eni = core.tables.networkInterface.get(interfaceId)
  if (eni?.attachment?.id !== attachmentId) return
  const { attachment: _, ...rest } = eni
  core.tables.networkInterface.put({ ...rest, status: "available" })
}

function findByAttachment(core: Core, attachmentId: string): CloudInterface | undefined {
  for (const eni of core.tables.networkInterface.all())
    if (eni.attachment?.id === attachmentId) return eni
  return undefined
}
