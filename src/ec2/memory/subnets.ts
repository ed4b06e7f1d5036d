import { parseCidr } from "../../vpc/cidr.ts"
import type { Tags } from "../../vpc/model.ts"
import { type Core, spaceOf } from "./core.ts"
import { Ec2Fault, invalid, notFound } from "./fault.ts"
import type { CloudSubnet, SubnetReservation } from "./records.ts"
import { notACidr, overlapping, vpcOf, within } from "./vpcs.ts"

export const subnetOf = (core: Core, id: string): CloudSubnet => {
  const subnet = core.tables.subnet.get(id)
  if (subnet === undefined) throw notFound(id)
  return subnet
}

/** `zone` is a zone's name or id; EC2 chooses when it is absent, here the first. */
export function createSubnet(
  core: Core,
  input: { id?: string; vpcId: string; cidr: string; zone?: string; tags?: Tags },
): CloudSubnet {
  const vpc = vpcOf(core, input.vpcId)
  const cidr = parseCidr(input.cidr)
  if (cidr === undefined) throw notACidr(input.cidr)
  const usable = vpc.cidrs.filter((c) => c.state === "associated")
  if (cidr.length > 28 || !usable.some((c) => within(input.cidr, c.cidr)))
    throw new Ec2Fault("InvalidSubnet.Range", `The CIDR '${input.cidr}' is invalid.`)
  if (core.tables.subnet.in(vpc.id).some((s) => overlapping(s.cidr, cidr)))
    throw new Ec2Fault(
      "InvalidSubnet.Conflict",
      `The CIDR '${input.cidr}' conflicts with another subnet`,
    )
  const zone = zoneOf(core, input.zone)
  const id = input.id ?? core.newId("subnet")
  return core.tables.subnet.put({
    id,
    vpcId: vpc.id,
    zone: zone.name,
    zoneId: zone.id,
    cidr: input.cidr,
    availableAddresses: spaceOf(core, id, input.cidr).free,
    mapPublicIp: false,
    tags: input.tags ?? {},
  })
}

function zoneOf(core: Core, wanted: string | undefined) {
  const zone =
    wanted === undefined
      ? core.zones[0]
      : core.zones.find((z) => z.name === wanted || z.id === wanted)
  if (zone) return zone
  const offered = core.zones.map((z) => z.name).join(", ")
  throw invalid(
    `Value (${wanted}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${offered}.`,
  )
}

export function modifySubnet(core: Core, input: { id: string; mapPublicIp: boolean }): void {
  core.tables.subnet.put({ ...subnetOf(core, input.id), mapPublicIp: input.mapPublicIp })
}

export function deleteSubnet(core: Core, input: { id: string }): void {
  subnetOf(core, input.id)
  for (const eni of core.tables.networkInterface.all())
    if (eni.subnetId === input.id)
      throw new Ec2Fault(
        "DependencyViolation",
        `The subnet '${input.id}' has dependencies and cannot be deleted.`,
      )
  for (const reservation of core.tables.subnetReservation.in(input.id))
    core.tables.subnetReservation.delete(reservation.id)
  for (const table of core.tables.routeTable.all())
    if (table.associations.some((a) => a.subnetId === input.id))
      core.tables.routeTable.put({
        ...table,
        associations: table.associations.filter((a) => a.subnetId !== input.id),
      })
  core.spaces.delete(input.id)
  core.tables.subnet.delete(input.id)
}

/** May cover addresses in use: they stay where they are ("Subnet CIDR reservations", VPC user guide). */
export function createReservation(
  core: Core,
  input: Pick<SubnetReservation, "subnetId" | "cidr" | "type"> &
    Partial<Pick<SubnetReservation, "description" | "tags">>,
): SubnetReservation {
  const subnet = subnetOf(core, input.subnetId)
  const cidr = parseCidr(input.cidr)
  if (cidr === undefined || !within(input.cidr, subnet.cidr))
    throw invalid(`The CIDR ${input.cidr} is not within the CIDR of subnet ${subnet.id}`)
  for (const other of core.tables.subnetReservation.in(subnet.id))
    if (overlapping(other.cidr, cidr))
      throw new Ec2Fault(
        "InvalidSubnetCidrReservation.Conflict",
        `The CIDR ${input.cidr} conflicts with reservation ${other.id} (${other.cidr})`,
      )
  spaceOf(core, subnet.id, subnet.cidr).reserve(cidr, input.type)
  return core.tables.subnetReservation.put({
    id: core.newId("scr"),
    subnetId: subnet.id,
    cidr: input.cidr,
    type: input.type,
    description: input.description ?? "",
    tags: input.tags ?? {},
  })
}

export function deleteReservation(core: Core, input: { id: string }): SubnetReservation {
  const reservation = core.tables.subnetReservation.get(input.id)
  if (reservation === undefined) throw notFound(input.id)
  const subnet = subnetOf(core, reservation.subnetId)
  const cidr = parseCidr(reservation.cidr)
  if (cidr) spaceOf(core, subnet.id, subnet.cidr).unreserve(cidr, reservation.type)
  core.tables.subnetReservation.delete(reservation.id)
  return reservation
}
