import { place, release } from "./attachments.ts"
import { type Core, once, spaceOf } from "./core.ts"
import { badCombination, Ec2Fault, invalid, notFound } from "./fault.ts"
import { createInterface, dropInterface, interfaceOf, tokenMismatch } from "./interfaces.ts"
import { limitsOf } from "./limits.ts"
import type { CloudInstance, LaunchData } from "./records.ts"
import { subnetOf } from "./subnets.ts"

export const instanceOf = (core: Core, id: string): CloudInstance => {
  const instance = core.tables.instance.get(id)
  if (instance === undefined) throw notFound(id)
  return instance
}

export interface NewInstances extends LaunchData {
  readonly count?: number
  readonly type: string
  readonly subnetId: string
  readonly privateAddress?: string
  readonly clientToken?: string
}

/** Starts instances with one interface each; they run after `timing.startMs`. All or none. */
export function runInstances(core: Core, input: NewInstances): CloudInstance[] {
  const { clientToken, ...request } = input
  const reservationId = once(
    core,
    { scope: "RunInstances", token: clientToken, request },
    { make: () => launch(core, input), mismatch: tokenMismatch },
  )
  return [...core.tables.instance.all()].filter((i) => i.reservationId === reservationId)
}

function launch(core: Core, input: NewInstances): string {
  const { count = 1 } = input
  limitsOf(input.type)
  const subnet = subnetOf(core, input.subnetId)
  if (count < 1) throw invalid("Invalid value for parameter MinCount: it must be at least 1.")
  if (count > 1 && input.privateAddress !== undefined)
    throw badCombination("A private address can be given to one instance only.")
  if (spaceOf(core, subnet.id, subnet.cidr).choose(count) === undefined)
    throw new Ec2Fault(
      "InsufficientFreeAddressesInSubnet",
      `There are not enough free addresses in subnet '${subnet.id}' to satisfy the requested number of instances.`,
    )
  const reservationId = core.newId("r")
  for (let i = 0; i < count; i++) launchOne(core, input, reservationId)
  return reservationId
}

function launchOne(core: Core, input: NewInstances, reservationId: string): void {
  const eni = createInterface(core, {
    subnetId: input.subnetId,
    ...(input.securityGroups && { securityGroups: input.securityGroups }),
    ...(input.privateAddress !== undefined && { primaryAddress: input.privateAddress }),
    tags: input.interfaceTags ?? {},
  })
  const id = core.newId("i")
  core.tables.instance.put({
    id,
    reservationId,
    type: input.type,
    zone: eni.zone,
    vpcId: eni.vpcId,
    subnetId: eni.subnetId,
    privateAddress: eni.primaryAddress,
    state: "pending",
    imageId: input.imageId ?? "ami-00000000000000000",
    ...(input.keyName !== undefined && { keyName: input.keyName }),
    ...(input.userData !== undefined && { userData: input.userData }),
    ...(input.iamInstanceProfile !== undefined && { iamInstanceProfile: input.iamInstanceProfile }),
    hopLimit: input.hopLimit ?? 1,
    launchedAt: core.now(),
    tags: input.tags ?? {},
  })
  place(
    core,
    eni,
    { id: eni.id, instanceId: id, deviceIndex: 0, deleteOnTermination: true },
    "attached",
  )
  core.later(core.timing.startMs, () => setState(core, id, "pending", "running"))
}

function setState(
  core: Core,
  id: string,
  from: CloudInstance["state"],
  to: CloudInstance["state"],
): void {
  const instance = core.tables.instance.get(id)
  if (instance?.state === from) core.tables.instance.put({ ...instance, state: to })
}

export interface StateChange {
  readonly id: string
  readonly before: CloudInstance["state"]
  readonly after: CloudInstance["state"]
}

/** Starts shutting down; unknown ids refuse the whole request, terminated ones are left as they are. */
export function terminateInstances(core: Core, input: { ids: readonly string[] }): StateChange[] {
  return input.ids
    .map((id) => instanceOf(core, id))
    .map((instance) => {
      const { id, state: before } = instance
      if (before === "terminated" || before === "shutting-down")
        return { id, before, after: before }
      core.tables.instance.put({
        ...instance,
        state: "shutting-down",
        stateReason: "Client.UserInitiatedShutdown",
      })
      core.later(core.timing.stopMs, () => finishTermination(core, id))
      return { id, before, after: "shutting-down" as const }
    })
}

function finishTermination(core: Core, id: string): void {
  const instance = core.tables.instance.get(id)
  if (instance === undefined) return
  for (const eni of core.tables.networkInterface.in(id)) {
    if (eni.attachment === undefined) continue
    release(core, eni.id, eni.attachment.id)
    if (eni.attachment.deleteOnTermination) dropInterface(core, interfaceOf(core, eni.id))
  }
  core.tables.instance.put({ ...instance, state: "terminated" })
  core.later(core.timing.forgetMs, () => core.tables.instance.delete(id))
}
