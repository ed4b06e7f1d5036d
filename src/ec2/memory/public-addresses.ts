import { formatAddress, parseAddress } from "../../vpc/cidr.ts"
import type { Tags } from "../../vpc/model.ts"
import type { Core } from "./core.ts"
import { Ec2Fault, invalid, missing, notFound } from "./fault.ts"
import { createInterface, dropInterface, interfaceOf } from "./interfaces.ts"
import type { ElasticAddress, NatGateway } from "./records.ts"
import { subnetOf } from "./subnets.ts"

/** 203.0.113.0/24 is TEST-NET-3 (RFC 5737): never a real address, yet it reads like one. */
const firstPublicAddress = parseAddress("203.0.113.10") ?? 0
const publicAddressesMax = 200

const addressOf = (core: Core, id: string): ElasticAddress => {
  const address = core.tables.elasticAddress.get(id)
  if (address === undefined) throw notFound(id)
  return address
}

export function allocateAddress(
  core: Core,
  input: { publicAddress?: string; tags?: Tags } = {},
): ElasticAddress {
  const used = new Set([...core.tables.elasticAddress.all()].map((a) => a.publicAddress))
  for (let i = 0; i < publicAddressesMax; i++) {
    const publicAddress = input.publicAddress ?? formatAddress(firstPublicAddress + i)
    if (used.has(publicAddress)) continue
    const id = core.newId("eipalloc")
    return core.tables.elasticAddress.put({ id, publicAddress, tags: input.tags ?? {} })
  }
  throw new Ec2Fault("AddressLimitExceeded", "The maximum number of addresses has been reached.")
}

export function releaseAddress(core: Core, input: { id: string }): void {
  const address = addressOf(core, input.id)
  if (address.association)
    throw new Ec2Fault(
      "InvalidIPAddress.InUse",
      `Address ${address.publicAddress} is in use by ${address.association.interfaceId}.`,
    )
  core.tables.elasticAddress.delete(address.id)
}

/** Binds a public address to a private one of an interface, its primary when not named. Returns the association. */
export function associateAddress(
  core: Core,
  input: { id: string; interfaceId: string; privateAddress?: string },
): string {
  const address = addressOf(core, input.id)
  const eni = interfaceOf(core, input.interfaceId)
  const privateAddress = input.privateAddress ?? eni.primaryAddress
  if (address.association)
    throw new Ec2Fault(
      "Resource.AlreadyAssociated",
      `resource ${address.id} is already associated with associate-id ${address.association.id}`,
    )
  if (privateAddress !== eni.primaryAddress && !eni.addresses.includes(privateAddress))
    throw invalid(`The private address ${privateAddress} is not assigned to ${eni.id}`)
  const id = core.newId("eipassoc")
  core.tables.elasticAddress.put({
    ...address,
    association: { id, interfaceId: eni.id, privateAddress },
  })
  core.tables.networkInterface.put({
    ...eni,
    publicAddresses: { ...eni.publicAddresses, [privateAddress]: address.publicAddress },
  })
  return id
}

export function disassociateAddress(core: Core, input: { associationId: string }): void {
  for (const { association, ...address } of core.tables.elasticAddress.all()) {
    if (association?.id !== input.associationId) continue
    core.tables.elasticAddress.put(address)
    const eni = core.tables.networkInterface.get(association.interfaceId)
    if (eni === undefined) return
    const { [association.privateAddress]: _, ...publicAddresses } = eni.publicAddresses
    core.tables.networkInterface.put({ ...eni, publicAddresses })
    return
  }
  throw notFound(input.associationId)
}

/** A NAT gateway with an interface of its own in the subnet; public ones need an allocated address. */
export function createNatGateway(
  core: Core,
  input: { subnetId: string; allocationId?: string; isPrivate?: boolean; tags?: Tags },
): NatGateway {
  const subnet = subnetOf(core, input.subnetId)
  if (!input.isPrivate && input.allocationId === undefined) throw missing("AllocationId")
  const address = input.allocationId === undefined ? undefined : addressOf(core, input.allocationId)
  if (address?.association)
    throw new Ec2Fault(
      "Resource.AlreadyAssociated",
      `resource ${address.id} is already associated with associate-id ${address.association.id}`,
    )
  const id = core.newId("nat")
  const eni = createInterface(core, {
    subnetId: subnet.id,
    description: `Interface for NAT Gateway ${id}`,
    type: "other",
    serviceType: "natGateway",
  })
  if (address) associateAddress(core, { id: address.id, interfaceId: eni.id })
  const gateway = core.tables.natGateway.put({
    id,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    state: "pending",
    interfaceId: eni.id,
    privateAddress: eni.primaryAddress,
    ...(address && { publicAddress: address.publicAddress, allocationId: address.id }),
    createdAt: core.now(),
    tags: input.tags ?? {},
  })
  core.tables.networkInterface.put({ ...interfaceOf(core, eni.id), status: "in-use" })
  core.later(core.timing.natGatewayMs, () => setState(core, id, "pending", "available"))
  return gateway
}

function setState(
  core: Core,
  id: string,
  from: NatGateway["state"],
  to: NatGateway["state"],
): void {
  const gateway = core.tables.natGateway.get(id)
  if (gateway?.state === from) core.tables.natGateway.put({ ...gateway, state: to })
}

export function deleteNatGateway(core: Core, input: { id: string }): NatGateway {
  const gateway = core.tables.natGateway.get(input.id)
  if (gateway === undefined) throw notFound(input.id)
  if (gateway.state === "deleting" || gateway.state === "deleted") return gateway
  const deleting = core.tables.natGateway.put({ ...gateway, state: "deleting" as const })
  core.later(core.timing.natGatewayMs, () => finishDeletion(core, gateway))
  return deleting
}

function finishDeletion(core: Core, gateway: NatGateway): void {
  const address =
    gateway.allocationId === undefined
      ? undefined
      : core.tables.elasticAddress.get(gateway.allocationId)
  if (address?.association) disassociateAddress(core, { associationId: address.association.id })
  const eni = core.tables.networkInterface.get(gateway.interfaceId)
  if (eni) dropInterface(core, eni)
  core.tables.natGateway.put({ ...gateway, state: "deleted" })
}
