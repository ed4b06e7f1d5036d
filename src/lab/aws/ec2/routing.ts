import { badCombination } from "../../../ec2/memory/fault.ts"
import type {
  InternetGateway,
  Route,
  RouteTable,
  RouteTargetKind,
} from "../../../ec2/memory/records.ts"
import {
  associateRouteTable,
  attachInternetGateway,
  createInternetGateway,
  createRoute,
  createRouteTable,
  deleteInternetGateway,
  deleteRoute,
  deleteRouteTable,
  detachInternetGateway,
  disassociateRouteTable,
  replaceRoute,
  replaceRouteTableAssociation,
} from "../../../ec2/memory/routing.ts"
import { describeInternetGateways, describeRouteTables } from "../../../ec2/memory/views.ts"
import { onPremises } from "../../fabric/addresses.ts"
import { ignored, type Read, required, text } from "../shape.ts"
import type { XmlObject } from "../xml.ts"
import {
  type Action,
  action,
  command,
  describe,
  type Scene,
  tagList,
  tagSpecifications,
  tagsFor,
} from "./action.ts"

const targetElements: Readonly<Record<RouteTargetKind, string>> = {
  "internet-gateway": "gatewayId",
  "nat-gateway": "natGatewayId",
  "network-interface": "networkInterfaceId",
}

/** A route whose target is gone leads nowhere: EC2 keeps it and calls it a blackhole. */
function routeState(route: Route, { views }: Scene): "active" | "blackhole" {
  if (route.target === "local") return "active"
  const { kind, id } = route.target
  if (kind === "internet-gateway")
    return views.internetGateway.get(id)?.vpcId === undefined ? "blackhole" : "active"
  if (kind === "network-interface")
    return views.networkInterface.get(id)?.attachment ? "active" : "blackhole"
  const state = views.natGateway.get(id)?.state
  return state === "available" || state === "pending" ? "active" : "blackhole"
}

const showRoute = (route: Route, scene: Scene): XmlObject => ({
  destinationCidrBlock: route.destination,
  ...(route.target === "local"
    ? { gatewayId: "local", origin: "CreateRouteTable" }
    : { [targetElements[route.target.kind]]: route.target.id, origin: "CreateRoute" }),
  state: routeState(route, scene),
})

/** Every table has it unless it says otherwise (fabric/view-of-cloud.ts). */
const premisesRoute: XmlObject = {
  destinationCidrBlock: onPremises.cidr,
  transitGatewayId: onPremises.gateway,
  origin: "CreateRoute",
  state: "active",
}

const showTable = (table: RouteTable, scene: Scene): XmlObject => ({
  routeTableId: table.id,
  vpcId: table.vpcId,
  ownerId: scene.cloud.account,
  routeSet: [
    ...table.routes.map((route) => showRoute(route, scene)),
    ...(table.routes.some((r) => r.destination === onPremises.cidr) ? [] : [premisesRoute]),
  ],
  associationSet: table.associations.map((a) => ({
    routeTableAssociationId: a.id,
    routeTableId: table.id,
    subnetId: a.subnetId,
    main: a.subnetId === undefined,
    associationState: { state: "associated" },
  })),
  propagatingVgwSet: [],
  tagSet: tagList(table.tags),
})

const showGateway = (gateway: InternetGateway, scene: Scene): XmlObject => ({
  internetGatewayId: gateway.id,
  ownerId: scene.cloud.account,
  attachmentSet: gateway.vpcId === undefined ? [] : [{ vpcId: gateway.vpcId, state: "available" }],
  tagSet: tagList(gateway.tags),
})

const routeFields = {
  RouteTableId: required(text),
  DestinationCidrBlock: required(text),
  GatewayId: text,
  NatGatewayId: text,
  NetworkInterfaceId: text,
}

function routeRequest(p: Read<typeof routeFields>) {
  const targets = [
    { kind: "internet-gateway", id: p.GatewayId },
    { kind: "nat-gateway", id: p.NatGatewayId },
    { kind: "network-interface", id: p.NetworkInterfaceId },
  ] as const
  const [target, ...more] = targets.flatMap(({ kind, id }) =>
    id === undefined ? [] : { kind, id },
  )
  if (target === undefined || more.length > 0)
    throw badCombination("The request must name exactly one target for the route.")
  return { tableId: p.RouteTableId, destination: p.DestinationCidrBlock, target }
}

export const routingActions: Readonly<Record<string, Action>> = {
  DescribeRouteTables: describe({
    ids: "RouteTableId",
    set: "routeTableSet",
    read: describeRouteTables,
    show: showTable,
  }),

  CreateRouteTable: action({
    in: { VpcId: required(text), TagSpecification: tagSpecifications, ClientToken: ignored },
    run: (scene, p) => {
      const tags = tagsFor("route-table", p.TagSpecification)
      return {
        routeTable: showTable(createRouteTable(scene.core, { vpcId: p.VpcId, tags }), scene),
      }
    },
  }),

  DeleteRouteTable: command({
    in: { RouteTableId: required(text) },
    run: ({ core }, p) => deleteRouteTable(core, { id: p.RouteTableId }),
  }),

  AssociateRouteTable: action({
    in: { RouteTableId: required(text), SubnetId: required(text) },
    run: ({ core }, p) => ({
      associationId: associateRouteTable(core, { tableId: p.RouteTableId, subnetId: p.SubnetId }),
      associationState: { state: "associated" },
    }),
  }),

  DisassociateRouteTable: command({
    in: { AssociationId: required(text) },
    run: ({ core }, p) => disassociateRouteTable(core, { associationId: p.AssociationId }),
  }),

  ReplaceRouteTableAssociation: action({
    in: { RouteTableId: required(text), AssociationId: required(text) },
    run: ({ core }, p) => ({
      newAssociationId: replaceRouteTableAssociation(core, {
        associationId: p.AssociationId,
        tableId: p.RouteTableId,
      }),
      associationState: { state: "associated" },
    }),
  }),

  CreateRoute: command({
    in: routeFields,
    run: ({ core }, p) => createRoute(core, routeRequest(p)),
  }),

  ReplaceRoute: command({
    in: routeFields,
    run: ({ core }, p) => replaceRoute(core, routeRequest(p)),
  }),

  DeleteRoute: command({
    in: { RouteTableId: required(text), DestinationCidrBlock: required(text) },
    run: ({ core }, p) =>
      deleteRoute(core, { tableId: p.RouteTableId, destination: p.DestinationCidrBlock }),
  }),

  DescribeInternetGateways: describe({
    ids: "InternetGatewayId",
    set: "internetGatewaySet",
    read: describeInternetGateways,
    show: showGateway,
  }),

  CreateInternetGateway: action({
    in: { TagSpecification: tagSpecifications },
    run: (scene, p) => {
      const tags = tagsFor("internet-gateway", p.TagSpecification)
      return { internetGateway: showGateway(createInternetGateway(scene.core, { tags }), scene) }
    },
  }),

  AttachInternetGateway: command({
    in: { InternetGatewayId: required(text), VpcId: required(text) },
    run: ({ core }, p) => attachInternetGateway(core, { id: p.InternetGatewayId, vpcId: p.VpcId }),
  }),

  DetachInternetGateway: command({
    in: { InternetGatewayId: required(text), VpcId: required(text) },
    run: ({ core }, p) => detachInternetGateway(core, { id: p.InternetGatewayId, vpcId: p.VpcId }),
  }),

  DeleteInternetGateway: command({
    in: { InternetGatewayId: required(text) },
    run: ({ core }, p) => deleteInternetGateway(core, { id: p.InternetGatewayId }),
  }),
}
