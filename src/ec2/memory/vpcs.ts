import { type Cidr, contains, formatCidr, overlaps, parseCidr } from "../../vpc/cidr.ts"
import { checkAssociation } from "../../vpc/cidr-rules.ts"
import type { Tags } from "../../vpc/model.ts"
import type { Core } from "./core.ts"
import { Ec2Fault, invalid, notFound } from "./fault.ts"
import type { CloudVpc, RouteTable } from "./records.ts"
import { createSecurityGroup } from "./security-groups.ts"

export const vpcOf = (core: Core, id: string): CloudVpc => {
  const vpc = core.tables.vpc.get(id)
  if (vpc === undefined) throw notFound(id)
  return vpc
}

/** A VPC with its main route table and default security group, as EC2 makes them. `id` is for scenes with fixed ids. */
export function createVpc(core: Core, input: { id?: string; cidr: string; tags?: Tags }): CloudVpc {
  checkBlock(input.cidr)
  const vpc = core.tables.vpc.put({
    id: input.id ?? core.newId("vpc"),
    state: "available",
    cidrs: [{ cidr: input.cidr, associationId: core.newId("vpc-cidr-assoc"), state: "associated" }],
    tags: input.tags ?? {},
  })
  core.tables.routeTable.put({
    id: core.newId("rtb"),
    vpcId: vpc.id,
    routes: [{ destination: input.cidr, target: "local" }],
    associations: [{ id: core.newId("rtbassoc") }],
    tags: {},
  })
  createSecurityGroup(core, {
    vpcId: vpc.id,
    name: "default",
    description: "default VPC security group",
  })
  return vpc
}

/** Associates a secondary block. Refusals: size, overlap, ranges that may not be mixed, more than five blocks. */
export function associateVpcCidr(
  core: Core,
  input: { vpcId: string; cidr: string },
): CloudVpc["cidrs"][number] {
  const vpc = vpcOf(core, input.vpcId)
  const wanted = checkBlock(input.cidr)
  const live = vpc.cidrs.filter((c) => c.state === "associated" || c.state === "associating")
  for (const { cidr } of live)
    if (overlapping(cidr, wanted))
      throw new Ec2Fault(
        "InvalidVpc.Range",
        `The CIDR '${input.cidr}' conflicts with another CIDR block of the VPC: '${cidr}'`,
      )
  if (live.length >= cidrsPerVpcMax)
    throw new Ec2Fault(
      "VpcCidrBlockLimitExceeded",
      `This VPC has reached its limit of ${cidrsPerVpcMax} CIDR blocks`,
    )
  checkRanges(core, vpc, wanted)
  const association = {
    cidr: input.cidr,
    associationId: core.newId("vpc-cidr-assoc"),
    state: "associating",
  }
  core.tables.vpc.put({ ...vpc, cidrs: [...vpc.cidrs, association] })
  core.later(core.timing.associateMs, () => finishAssociation(core, vpc.id, association))
  return association
}

/**
 * Which ranges a VPC may mix, and that no route is narrower than the block. "Restrictions depend on the range in which
 * your VPC's primary CIDR block resides" (VPC user guide): a VPC of 10.0.0.0/16 may add 10.1.0.0/16 after 100.64.0.0/16.
 */
function checkRanges(core: Core, vpc: CloudVpc, wanted: Cidr): void {
  const parsed = (texts: readonly string[]) => texts.flatMap((text) => parseCidr(text) ?? [])
  const routes = core.tables.routeTable
    .in(vpc.id)
    .flatMap((t) => t.routes.flatMap((r) => (r.target === "local" ? [] : r.destination)))
  const { allowed } = checkAssociation(wanted, {
    blocks: parsed(vpc.cidrs.slice(0, 1).map((c) => c.cidr)),
    routes: parsed(routes),
  })
  if (!allowed)
    throw new Ec2Fault(
      "InvalidVpc.Range",
      `The CIDR '${formatCidr(wanted)}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR.`,
    )
}

function finishAssociation(
  core: Core,
  vpcId: string,
  done: { readonly associationId: string; readonly cidr: string },
): void {
  const vpc = core.tables.vpc.get(vpcId)
  if (vpc === undefined) return
  const cidrs = vpc.cidrs.map((c) =>
    c.associationId === done.associationId ? { ...c, state: "associated" } : c,
  )
  core.tables.vpc.put({ ...vpc, cidrs })
  const withLocal = (t: RouteTable) => ({
    ...t,
    routes: [...t.routes, { destination: done.cidr, target: "local" as const }],
  })
  for (const table of core.tables.routeTable.in(vpcId)) core.tables.routeTable.put(withLocal(table))
}

export function disassociateVpcCidr(
  core: Core,
  input: { associationId: string },
): { vpcId: string; cidr: CloudVpc["cidrs"][number] } {
  for (const vpc of core.tables.vpc.all()) {
    const at = vpc.cidrs.findIndex((c) => c.associationId === input.associationId)
    const found = vpc.cidrs[at]
    if (found === undefined) continue
    if (at === 0)
      throw new Ec2Fault(
        "OperationNotPermitted",
        `The vpc CIDR block with association ID ${input.associationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
      )
    if (core.tables.subnet.in(vpc.id).some((s) => within(s.cidr, found.cidr)))
      throw new Ec2Fault(
        "InvalidCidrBlock.InUse",
        `The vpc ${vpc.id} currently has a subnet within CIDR block ${found.cidr}`,
      )
    const cidr = { ...found, state: "disassociated" }
    core.tables.vpc.put({ ...vpc, cidrs: vpc.cidrs.with(at, cidr) })
    for (const table of core.tables.routeTable.in(vpc.id))
      core.tables.routeTable.put({
        ...table,
        routes: table.routes.filter((r) => r.target !== "local" || r.destination !== found.cidr),
      })
    return { vpcId: vpc.id, cidr }
  }
  throw notFound(input.associationId)
}

export function deleteVpc(core: Core, input: { id: string }): void {
  vpcOf(core, input.id)
  const inUse =
    core.tables.subnet.in(input.id).length > 0 ||
    [...core.tables.internetGateway.all()].some((g) => g.vpcId === input.id)
  if (inUse)
    throw new Ec2Fault(
      "DependencyViolation",
      `The vpc '${input.id}' has dependencies and cannot be deleted.`,
    )
  for (const table of core.tables.routeTable.in(input.id)) core.tables.routeTable.delete(table.id)
  for (const group of core.tables.securityGroup.in(input.id))
    core.tables.securityGroup.delete(group.id)
  core.tables.vpc.delete(input.id)
}

const cidrsPerVpcMax = 5

function checkBlock(text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw notACidr(text)
  if (cidr.length < 16 || cidr.length > 28)
    throw new Ec2Fault("InvalidVpc.Range", `The CIDR '${text}' is invalid.`)
  return cidr
}

export const notACidr = (text: string) =>
  invalid(`Value (${text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`)

/** Whether block `inner` lies in block `outer`; both as the API writes them. */
export function within(inner: string, outer: string): boolean {
  const [a, b] = [parseCidr(inner), parseCidr(outer)]
  return a !== undefined && b !== undefined && contains(b, a)
}

export function overlapping(text: string, cidr: Cidr): boolean {
  const other = parseCidr(text)
  return other !== undefined && overlaps(other, cidr)
}
