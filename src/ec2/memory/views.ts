import type { Tags } from "../../vpc/model.ts"
import type { Filter } from "../filter.ts"
import type { Views } from "./core.ts"
import { notFound } from "./fault.ts"
import { type FilterFields, select } from "./match.ts"
import type {
  CloudInstance,
  CloudInterface,
  CloudSecurityGroup,
  CloudSubnet,
  CloudVpc,
  ElasticAddress,
  GroupRule,
  InternetGateway,
  LaunchTemplate,
  NatGateway,
  RouteTable,
  RouteTargetKind,
  SubnetReservation,
} from "./records.ts"
import type { View } from "./table.ts"

/** What a describe call is asked for. */
export interface Describe {
  readonly ids?: readonly string[]
  readonly filters?: readonly Filter[]
}

const vpcFields: FilterFields<CloudVpc> = {
  "vpc-id": (v) => v.id,
  state: (v) => v.state,
  cidr: (v) => v.cidrs[0]?.cidr,
  "cidr-block-association.association-id": (v) => v.cidrs.map((c) => c.associationId),
  "cidr-block-association.cidr-block": (v) => v.cidrs.map((c) => c.cidr),
  "cidr-block-association.state": (v) => v.cidrs.map((c) => c.state),
  "is-default": () => "false",
  isDefault: () => "false",
}

const subnetFields: FilterFields<CloudSubnet> = {
  "subnet-id": (s) => s.id,
  "vpc-id": (s) => s.vpcId,
  "availability-zone": (s) => s.zone,
  availabilityZone: (s) => s.zone,
  "availability-zone-id": (s) => s.zoneId,
  availabilityZoneId: (s) => s.zoneId,
  "available-ip-address-count": (s) => String(s.availableAddresses),
  "cidr-block": (s) => s.cidr,
  cidr: (s) => s.cidr,
  cidrBlock: (s) => s.cidr,
  state: () => "available",
  "default-for-az": () => "false",
  "map-public-ip-on-launch": (s) => String(s.mapPublicIp),
}

const groupFields: FilterFields<CloudSecurityGroup> = {
  "group-id": (g) => g.id,
  "group-name": (g) => g.name,
  "vpc-id": (g) => g.vpcId,
  description: (g) => g.description,
  "ip-permission.cidr": (g) => g.rules.flatMap((r) => (r.egress ? [] : (r.cidr ?? []))),
  "ip-permission.group-id": (g) => g.rules.flatMap((r) => (r.egress ? [] : (r.groupId ?? []))),
  "egress.ip-permission.cidr": (g) => g.rules.flatMap((r) => (r.egress ? (r.cidr ?? []) : [])),
}

const interfaceFields: FilterFields<CloudInterface> = {
  "network-interface-id": (i) => i.id,
  "subnet-id": (i) => i.subnetId,
  "vpc-id": (i) => i.vpcId,
  "availability-zone": (i) => i.zone,
  "mac-address": (i) => i.mac,
  status: (i) => i.status,
  description: (i) => i.description,
  "interface-type": (i) => i.serviceType ?? i.type,
  "group-id": (i) => i.securityGroups,
  "private-ip-address": (i) => i.primaryAddress,
  "addresses.private-ip-address": (i) => [i.primaryAddress, ...i.addresses],
  "addresses.primary": (i) => (i.addresses.length > 0 ? ["true", "false"] : ["true"]),
  "ipv4-prefix.ipv4-prefix": (i) => i.prefixes,
  "source-dest-check": (i) => String(i.sourceDestCheck),
  "requester-managed": (i) => String(i.serviceType !== undefined),
  "attachment.attachment-id": (i) => i.attachment?.id,
  "attachment.instance-id": (i) => i.attachment?.instanceId,
  "attachment.device-index": (i) => i.attachment && String(i.attachment.deviceIndex),
  "attachment.status": (i) => i.attachment?.state,
  "attachment.delete-on-termination": (i) =>
    i.attachment && String(i.attachment.deleteOnTermination),
}

const instanceFields: FilterFields<CloudInstance> = {
  "instance-id": (i) => i.id,
  "instance-type": (i) => i.type,
  "instance-state-name": (i) => i.state,
  "subnet-id": (i) => i.subnetId,
  "vpc-id": (i) => i.vpcId,
  "availability-zone": (i) => i.zone,
  "private-ip-address": (i) => i.privateAddress,
  "reservation-id": (i) => i.reservationId,
  "image-id": (i) => i.imageId,
  "iam-instance-profile.arn": (i) => i.iamInstanceProfile,
}

const routeTableFields: FilterFields<RouteTable> = {
  "route-table-id": (t) => t.id,
  "vpc-id": (t) => t.vpcId,
  "association.subnet-id": (t) => t.associations.flatMap((a) => a.subnetId ?? []),
  "association.main": (t) => t.associations.map((a) => String(a.subnetId === undefined)),
  "association.route-table-association-id": (t) => t.associations.map((a) => a.id),
  "route.destination-cidr-block": (t) => t.routes.map((r) => r.destination),
  "route.nat-gateway-id": (t) => targets(t, "nat-gateway"),
  "route.gateway-id": (t) => targets(t, "internet-gateway"),
}

const targets = (table: RouteTable, kind: RouteTargetKind): string[] =>
  table.routes.flatMap(({ target }) =>
    target !== "local" && target.kind === kind ? target.id : [],
  )

const internetGatewayFields: FilterFields<InternetGateway> = {
  "internet-gateway-id": (g) => g.id,
  "attachment.vpc-id": (g) => g.vpcId,
  "attachment.state": (g) => (g.vpcId === undefined ? undefined : "available"),
}

const natGatewayFields: FilterFields<NatGateway> = {
  "nat-gateway-id": (g) => g.id,
  state: (g) => g.state,
  "subnet-id": (g) => g.subnetId,
  "vpc-id": (g) => g.vpcId,
}

const elasticAddressFields: FilterFields<ElasticAddress> = {
  "allocation-id": (a) => a.id,
  "association-id": (a) => a.association?.id,
  "network-interface-id": (a) => a.association?.interfaceId,
  "private-ip-address": (a) => a.association?.privateAddress,
  "public-ip": (a) => a.publicAddress,
  domain: () => "vpc",
}

const reservationFields: FilterFields<SubnetReservation> = {
  reservationType: (r) => r.type,
  "subnet-id": (r) => r.subnetId,
}

/** A rule with the group it belongs to; `groupId` of a rule is the group it lets in or out. */
export interface OwnedRule extends GroupRule {
  readonly ownerGroupId: string
  readonly tags: Tags
}

const ruleFields: FilterFields<OwnedRule> = {
  "group-id": (r) => r.ownerGroupId,
  "security-group-rule-id": (r) => r.id,
}

export const describeVpcs = (v: Views, q: Describe) => select(v.vpc, { ...q, fields: vpcFields })

export const describeSubnets = (v: Views, q: Describe) =>
  select(v.subnet, { ...q, fields: subnetFields })

export const describeRouteTables = (v: Views, q: Describe) =>
  select(v.routeTable, { ...q, fields: routeTableFields })

export const describeInternetGateways = (v: Views, q: Describe) =>
  select(v.internetGateway, { ...q, fields: internetGatewayFields })

export const describeNatGateways = (v: Views, q: Describe) =>
  select(v.natGateway, { ...q, fields: natGatewayFields })

const templateFields: FilterFields<LaunchTemplate> = {
  "launch-template-name": (t) => t.name,
}

export const describeLaunchTemplates = (v: Views, q: Describe) =>
  select(v.launchTemplate, { ...q, fields: templateFields })

export const describeElasticAddresses = (v: Views, q: Describe) =>
  select(v.elasticAddress, { ...q, fields: elasticAddressFields })

export function describeReservations(v: Views, subnetId: string, q: Describe): SubnetReservation[] {
  if (v.subnet.get(subnetId) === undefined) throw notFound(subnetId)
  const ofSubnet = { ...pick(v.subnetReservation), all: () => v.subnetReservation.in(subnetId) }
  return select(ofSubnet, { ...q, fields: reservationFields })
}

export function describeRules(v: Views, q: Describe): OwnedRule[] {
  const all = [...v.securityGroup.all()].flatMap((g) =>
    g.rules.map((r) => ({ ...r, ownerGroupId: g.id, tags: {} })),
  )
  const view = { get: (id: string) => all.find((r) => r.id === id), all: () => all, in: () => [] }
  return select(view, { ...q, fields: ruleFields })
}

export const describeSecurityGroups = (v: Views, q: Describe) =>
  select(v.securityGroup, { ...q, fields: groupFields })

/** An instance filter is answered from the index: the interfaces of one instance, not all of the region. */
export function describeInterfaces(v: Views, q: Describe): CloudInterface[] {
  const ofInstance = q.filters?.find((f) => f.name === "attachment.instance-id")
  const exact = ofInstance?.values.every((value) => !/[*?\\]/.test(value))
  const view: View<CloudInterface> =
    ofInstance && exact
      ? {
          ...pick(v.networkInterface),
          all: () => ofInstance.values.flatMap((id) => v.networkInterface.in(id)),
        }
      : v.networkInterface
  return select(view, { ...q, fields: interfaceFields })
}

const pick = <T extends { id: string }>(view: View<T>): View<T> => ({
  get: (id) => view.get(id),
  all: () => view.all(),
  in: (key) => view.in(key),
})

export const describeInstances = (v: Views, q: Describe): CloudInstance[] =>
  select(v.instance, { ...q, fields: instanceFields })

/** The interfaces attached to an instance, in the order of card and device. */
export function interfacesInOrder(v: Views, instanceId: string): CloudInterface[] {
  const order = (i: CloudInterface) =>
    (i.attachment?.networkCard ?? 0) * 1000 + (i.attachment?.deviceIndex ?? 0)
  return v.networkInterface.in(instanceId).sort((a, b) => order(a) - order(b))
}
