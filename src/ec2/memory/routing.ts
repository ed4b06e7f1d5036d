import { parseCidr } from "../../vpc/cidr.ts"
import type { Tags } from "../../vpc/model.ts"
import type { Core } from "./core.ts"
import { Ec2Fault, notFound } from "./fault.ts"
import type { InternetGateway, Route, RouteTable, RouteTargetKind } from "./records.ts"
import { subnetOf } from "./subnets.ts"
import { notACidr, vpcOf } from "./vpcs.ts"

export const routeTableOf = (core: Core, id: string): RouteTable => {
  const table = core.tables.routeTable.get(id)
  if (table === undefined) throw notFound(id)
  return table
}

/** The route table that governs a subnet: its own, else the VPC's main one. */
export function routeTableFor(core: Core, subnetId: string): RouteTable | undefined {
  const tables = core.tables.routeTable.in(subnetOf(core, subnetId).vpcId)
  return (
    tables.find((t) => t.associations.some((a) => a.subnetId === subnetId)) ??
    tables.find((t) => t.associations.some((a) => a.subnetId === undefined))
  )
}

export function createRouteTable(core: Core, input: { vpcId: string; tags?: Tags }): RouteTable {
  const vpc = vpcOf(core, input.vpcId)
  const usable = vpc.cidrs.filter((c) => c.state === "associated")
  return core.tables.routeTable.put({
    id: core.newId("rtb"),
    vpcId: vpc.id,
    routes: usable.map((c) => ({ destination: c.cidr, target: "local" })),
    associations: [],
    tags: input.tags ?? {},
  })
}

export function deleteRouteTable(core: Core, input: { id: string }): void {
  const table = routeTableOf(core, input.id)
  if (table.associations.length > 0)
    throw new Ec2Fault(
      "DependencyViolation",
      `The routeTable '${table.id}' has dependencies and cannot be deleted.`,
    )
  core.tables.routeTable.delete(table.id)
}

const targetTables = {
  "internet-gateway": "internetGateway",
  "nat-gateway": "natGateway",
  "network-interface": "networkInterface",
} as const

interface RouteRequest {
  readonly tableId: string
  readonly destination: string
  readonly target: { readonly kind: RouteTargetKind; readonly id: string }
}

export function createRoute(core: Core, input: RouteRequest): void {
  const table = routeTableOf(core, input.tableId)
  if (table.routes.some((r) => r.destination === input.destination))
    throw new Ec2Fault(
      "RouteAlreadyExists",
      `The route identified by ${input.destination} already exists.`,
    )
  core.tables.routeTable.put({ ...table, routes: [...table.routes, routeOf(core, input)] })
}

export function replaceRoute(core: Core, input: RouteRequest): void {
  const table = routeTableOf(core, input.tableId)
  const at = indexOfRoute(table, input.destination)
  core.tables.routeTable.put({ ...table, routes: table.routes.with(at, routeOf(core, input)) })
}

export function deleteRoute(core: Core, input: { tableId: string; destination: string }): void {
  const table = routeTableOf(core, input.tableId)
  const at = indexOfRoute(table, input.destination)
  core.tables.routeTable.put({ ...table, routes: table.routes.toSpliced(at, 1) })
}

function routeOf(core: Core, { destination, target }: RouteRequest): Route {
  if (parseCidr(destination) === undefined) throw notACidr(destination)
  if (core.tables[targetTables[target.kind]].get(target.id) === undefined) throw notFound(target.id)
  return { destination, target: { kind: target.kind, id: target.id } }
}

/** Where the route is; the local route cannot be changed. */
function indexOfRoute(table: RouteTable, destination: string): number {
  const at = table.routes.findIndex((r) => r.destination === destination)
  const route = table.routes[at]
  if (route === undefined)
    throw new Ec2Fault(
      "InvalidRoute.NotFound",
      `no route with destination-cidr-block ${destination} in route table ${table.id}`,
    )
  if (route.target === "local")
    throw new Ec2Fault(
      "InvalidParameterValue",
      `cannot remove local route ${destination} in route table ${table.id}`,
    )
  return at
}

/** Returns the association's id. A subnet has one route table at most. */
export function associateRouteTable(
  core: Core,
  input: { tableId: string; subnetId: string },
): string {
  const table = routeTableOf(core, input.tableId)
  const subnet = subnetOf(core, input.subnetId)
  const current = routeTableFor(core, subnet.id)
  const existing = current?.associations.find((a) => a.subnetId === subnet.id)
  if (existing && current?.id === table.id) return existing.id
  if (existing)
    throw new Ec2Fault(
      "Resource.AlreadyAssociated",
      `the specified association for route table ${table.id} conflicts with an existing association`,
    )
  if (table.vpcId !== subnet.vpcId)
    throw new Ec2Fault(
      "InvalidParameterValue",
      `route table ${table.id} and subnet ${subnet.id} belong to different networks`,
    )
  const id = core.newId("rtbassoc")
  const associations = [...table.associations, { id, subnetId: subnet.id }]
  core.tables.routeTable.put({ ...table, associations })
  return id
}

export function disassociateRouteTable(core: Core, input: { associationId: string }): void {
  for (const table of core.tables.routeTable.all()) {
    const found = table.associations.find((a) => a.id === input.associationId)
    if (found === undefined) continue
    if (found.subnetId === undefined)
      throw new Ec2Fault(
        "InvalidParameterValue",
        `cannot disassociate the main route table association ${found.id}`,
      )
    const associations = table.associations.filter((a) => a !== found)
    core.tables.routeTable.put({ ...table, associations })
    return
  }
  throw notFound(input.associationId)
}

/** Gives the subnet of an association another table; returns the new association's id. */
export function replaceRouteTableAssociation(
  core: Core,
  input: { associationId: string; tableId: string },
): string {
  routeTableOf(core, input.tableId)
  const associations = [...core.tables.routeTable.all()].flatMap((table) => table.associations)
  const found = associations.find((a) => a.id === input.associationId)
  const { associationId } = input
  disassociateRouteTable(core, { associationId })
  return associateRouteTable(core, { tableId: input.tableId, subnetId: found?.subnetId ?? "" })
}

export const internetGatewayOf = (core: Core, id: string): InternetGateway => {
  const gateway = core.tables.internetGateway.get(id)
  if (gateway === undefined) throw notFound(id)
  return gateway
}

export const createInternetGateway = (core: Core, input: { tags?: Tags }): InternetGateway =>
  core.tables.internetGateway.put({ id: core.newId("igw"), tags: input.tags ?? {} })

export function attachInternetGateway(core: Core, input: { id: string; vpcId: string }): void {
  const gateway = internetGatewayOf(core, input.id)
  const vpc = vpcOf(core, input.vpcId)
  const others = [...core.tables.internetGateway.all()]
  if (gateway.vpcId !== undefined || others.some((g) => g.vpcId === vpc.id))
    throw new Ec2Fault(
      "Resource.AlreadyAssociated",
      `resource ${gateway.id} is already attached to network ${gateway.vpcId ?? vpc.id}`,
    )
  core.tables.internetGateway.put({ ...gateway, vpcId: vpc.id })
}

export function detachInternetGateway(core: Core, input: { id: string; vpcId: string }): void {
  const { vpcId, ...gateway } = internetGatewayOf(core, input.id)
  if (vpcId !== input.vpcId)
    throw new Ec2Fault(
      "Gateway.NotAttached",
      `resource ${gateway.id} is not attached to network ${input.vpcId}`,
    )
  core.tables.internetGateway.put(gateway)
}

export function deleteInternetGateway(core: Core, input: { id: string }): void {
  const gateway = internetGatewayOf(core, input.id)
  if (gateway.vpcId !== undefined)
    throw new Ec2Fault(
      "DependencyViolation",
      `The internetGateway '${gateway.id}' has dependencies and cannot be deleted.`,
    )
  core.tables.internetGateway.delete(gateway.id)
}
