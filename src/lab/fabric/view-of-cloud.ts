import type { Tables } from "../../ec2/memory/core.ts"
import type { CloudInterface, Route, RouteTable } from "../../ec2/memory/records.ts"
import { onPremises } from "./addresses.ts"
import type { FabricInterface, FabricRoute, VpcView } from "./vpc-view.ts"

/** The part of the emulated cloud that the fabric of one VPC is made of. Cost: all rows of the VPC. */
export function viewOfCloud(tables: Tables, vpcId: string): VpcView {
  const vpc = tables.vpc.get(vpcId)
  const routeTables = tables.routeTable.in(vpcId)
  const main = routeTables.find((t) => t.associations.some((a) => a.subnetId === undefined))
  const tableOf = (subnetId: string) =>
    routeTables.find((t) => t.associations.some((a) => a.subnetId === subnetId)) ?? main
  return {
    cidrs: (vpc?.cidrs ?? []).filter((c) => c.state === "associated").map((c) => c.cidr),
    subnets: tables.subnet.in(vpcId).map((subnet) => ({
      id: subnet.id,
      cidr: subnet.cidr,
      routes: routesIn(tables, tableOf(subnet.id)),
    })),
    interfaces: [...tables.networkInterface.all()]
      .filter((eni) => eni.vpcId === vpcId)
      .flatMap((eni) => attached(eni) ?? []),
    groups: tables.securityGroup.in(vpcId).map(({ id, rules }) => ({ id, rules })),
  }
}

/** Every subnet also has the route of a transit gateway to the network on premises, unless its table says otherwise. */
function routesIn(tables: Tables, table: RouteTable | undefined): FabricRoute[] {
  const routes = (table?.routes ?? []).flatMap((route) => routeOf(tables, route) ?? [])
  return routes.some((route) => route.to === onPremises.cidr)
    ? routes
    : [...routes, { to: onPremises.cidr, target: "on-premises" }]
}

/** Undefined for the VPC itself, and for a gateway that does not work (a "blackhole" route). */
function routeOf(tables: Tables, { destination: to, target }: Route): FabricRoute | undefined {
  if (target === "local") return undefined
  switch (target.kind) {
    case "internet-gateway":
      return { to, target: "internet-gateway" }
    case "network-interface":
      return { to, target: "interface", id: target.id }
    case "nat-gateway": {
      const gateway = tables.natGateway.get(target.id)
      if (gateway?.state !== "available") return undefined
      const { id, publicAddress, privateAddress } = gateway
      const address = publicAddress ?? privateAddress
      return { to, target: "nat-gateway", id, address, public: publicAddress !== undefined }
    }
  }
}

/** Undefined while no instance has it. */
function attached(eni: CloudInterface): FabricInterface | undefined {
  const { attachment } = eni
  if (attachment?.state !== "attached" || eni.serviceType !== undefined) return undefined
  return {
    id: eni.id,
    mac: eni.mac,
    subnetId: eni.subnetId,
    instanceId: attachment.instanceId,
    deviceIndex: attachment.networkCard * 100 + attachment.deviceIndex,
    primaryAddress: eni.primaryAddress,
    addresses: eni.addresses,
    prefixes: eni.prefixes,
    groups: eni.securityGroups,
    sourceDestCheck: eni.sourceDestCheck,
    publicAddresses: eni.publicAddresses,
  }
}
