import type { InterfaceType, Subnet, Tags } from "../../vpc/model.ts"
import { chooseAddresses, chooseAll, type Wanted } from "./addresses.ts"
import { type Core, changeAddresses, once } from "./core.ts"
import { Ec2Fault, invalid, notFound } from "./fault.ts"
import type { CloudInterface } from "./records.ts"
import { subnetOf } from "./subnets.ts"

const groupsPerInterfaceMax = 5

export const interfaceOf = (core: Core, id: string): CloudInterface => {
  const eni = core.tables.networkInterface.get(id)
  if (eni === undefined) throw notFound(id)
  return eni
}

export interface NewInterface extends Wanted {
  readonly subnetId: string
  /** The VPC's default group when empty. */
  readonly securityGroups?: readonly string[]
  readonly description?: string
  readonly primaryAddress?: string
  readonly type?: InterfaceType
  readonly tags?: Tags
  readonly clientToken?: string
  /** EC2's name of an interface that a service makes for itself, such as `natGateway`. */
  readonly serviceType?: string
}

export function createInterface(core: Core, input: NewInterface): CloudInterface {
  const { clientToken, ...request } = input
  const id = once(
    core,
    { scope: "CreateNetworkInterface", token: clientToken, request },
    { make: () => makeInterface(core, input).id, mismatch: tokenMismatch },
  )
  return interfaceOf(core, id)
}

export const tokenMismatch = () =>
  new Ec2Fault(
    "IdempotentParameterMismatch",
    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
  )

function makeInterface(core: Core, input: NewInterface): CloudInterface {
  const subnet = subnetOf(core, input.subnetId)
  const securityGroups = checkGroups(core, subnet, input.securityGroups ?? [])
  const { primary, addresses, prefixes } = chooseAll(core, subnet, input)
  changeAddresses(core, subnet.id, { take: [primary, ...addresses, ...prefixes] })
  return core.tables.networkInterface.put({
    id: core.newId("eni"),
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    zone: subnet.zone,
    mac: core.newMac(),
    description: input.description ?? "",
    type: input.type ?? "interface",
    status: "available",
    primaryAddress: primary,
    addresses,
    prefixes,
    securityGroups,
    sourceDestCheck: true,
    tags: input.tags ?? {},
    createdAt: core.now(),
    ...(input.serviceType !== undefined && { serviceType: input.serviceType }),
    publicAddresses: {},
  })
}

function checkGroups(core: Core, subnet: Subnet, ids: readonly string[]): readonly string[] {
  const ofVpc = core.tables.securityGroup.in(subnet.vpcId)
  if (ids.length === 0) return ofVpc.filter((g) => g.name === "default").map((g) => g.id)
  for (const id of ids) {
    const group = core.tables.securityGroup.get(id)
    if (group === undefined) throw notFound(id)
    if (group.vpcId !== subnet.vpcId)
      throw new Ec2Fault(
        "InvalidGroup.NotFound",
        "You have specified two resources that belong to different networks.",
      )
  }
  if (ids.length > groupsPerInterfaceMax)
    throw new Ec2Fault(
      "SecurityGroupsPerInterfaceLimitExceeded",
      "The maximum number of security groups per interface has been reached.",
    )
  return [...new Set(ids)]
}

export function deleteInterface(core: Core, input: { id: string }): void {
  const eni = interfaceOf(core, input.id)
  refuseManaged(eni)
  if (eni.attachment !== undefined)
    throw invalid(`Network interface '${eni.id}' is currently in use.`)
  dropInterface(core, eni)
}

/** Removes the interface and frees its addresses, whatever its state. */
export function dropInterface(core: Core, eni: CloudInterface): void {
  core.tables.networkInterface.delete(eni.id)
  changeAddresses(core, eni.subnetId, {
    give: [eni.primaryAddress, ...eni.addresses, ...eni.prefixes],
  })
}

export interface InterfaceChange {
  readonly id: string
  readonly securityGroups?: readonly string[]
  readonly description?: string
  readonly sourceDestCheck?: boolean
  readonly attachment?: { readonly id: string; readonly deleteOnTermination: boolean }
}

export function modifyInterface(core: Core, input: InterfaceChange): void {
  const eni = interfaceOf(core, input.id)
  refuseManaged(eni)
  const { securityGroups, description, sourceDestCheck, attachment } = input
  if (attachment && eni.attachment?.id !== attachment.id) throw notFound(attachment.id)
  if (securityGroups?.length === 0) throw invalid("You must specify at least one security group.")
  core.tables.networkInterface.put({
    ...eni,
    ...(securityGroups && {
      securityGroups: checkGroups(core, subnetOf(core, eni.subnetId), securityGroups),
    }),
    ...(description !== undefined && { description }),
    ...(sourceDestCheck !== undefined && { sourceDestCheck }),
    ...(attachment &&
      eni.attachment && {
        attachment: { ...eni.attachment, deleteOnTermination: attachment.deleteOnTermination },
      }),
  })
}

/** Adds addresses or prefixes; `allowReassignment` takes named addresses from another interface of the subnet. */
export function assignAddresses(
  core: Core,
  input: Wanted & { readonly id: string; readonly allowReassignment?: boolean },
): { addresses: string[]; prefixes: string[] } {
  const eni = interfaceOf(core, input.id)
  refuseManaged(eni)
  const subnet = subnetOf(core, eni.subnetId)
  if (input.allowReassignment) takeFromOthers(core, eni, input.addresses ?? [])
  const chosen = chooseAddresses(core, subnet, input, eni)
  changeAddresses(core, subnet.id, { take: [...chosen.addresses, ...chosen.prefixes] })
  core.tables.networkInterface.put({
    ...eni,
    addresses: [...eni.addresses, ...chosen.addresses],
    prefixes: [...eni.prefixes, ...chosen.prefixes],
  })
  return chosen
}

function takeFromOthers(core: Core, eni: CloudInterface, addresses: readonly string[]): void {
  for (const other of core.tables.networkInterface.all()) {
    if (other.id === eni.id || other.subnetId !== eni.subnetId) continue
    const moved = other.addresses.filter((a) => addresses.includes(a))
    if (moved.length > 0) unassignAddresses(core, { id: other.id, addresses: moved })
  }
}

export function unassignAddresses(
  core: Core,
  input: { id: string; addresses?: readonly string[]; prefixes?: readonly string[] },
): void {
  const eni = interfaceOf(core, input.id)
  refuseManaged(eni)
  const { addresses = [], prefixes = [] } = input
  if (addresses.includes(eni.primaryAddress))
    throw invalid(`The primary IP address of an interface cannot be unassigned: ${eni.id}`)
  const known = (list: readonly string[], owned: readonly string[]) =>
    list.every((entry) => owned.includes(entry))
  if (!known(addresses, eni.addresses) || !known(prefixes, eni.prefixes))
    throw invalid(`Some of the specified addresses are not assigned to interface ${eni.id}`)
  core.tables.networkInterface.put({
    ...eni,
    addresses: eni.addresses.filter((a) => !addresses.includes(a)),
    prefixes: eni.prefixes.filter((p) => !prefixes.includes(p)),
  })
  changeAddresses(core, eni.subnetId, { give: [...addresses, ...prefixes] })
}

function refuseManaged(eni: CloudInterface): void {
  if (eni.serviceType !== undefined)
    throw new Ec2Fault(
      "OperationNotPermitted",
      `You do not have permission to access the specified resource: ${eni.id} is managed by a service`,
    )
}
