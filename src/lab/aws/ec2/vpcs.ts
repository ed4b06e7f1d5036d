import type { CloudSubnet, CloudVpc, SubnetReservation } from "../../../ec2/memory/records.ts"
import {
  createReservation,
  createSubnet,
  deleteReservation,
  deleteSubnet,
  modifySubnet,
} from "../../../ec2/memory/subnets.ts"
import { describeReservations, describeSubnets, describeVpcs } from "../../../ec2/memory/views.ts"
import {
  associateVpcCidr,
  createVpc,
  deleteVpc,
  disassociateVpcCidr,
  vpcOf,
} from "../../../ec2/memory/vpcs.ts"
import { flag, given, ignored, list, object, oneOf, required, text } from "../shape.ts"
import type { XmlObject } from "../xml.ts"
import {
  type Action,
  action,
  command,
  describe,
  filter,
  type Scene,
  tagList,
  tagSpecifications,
  tagsFor,
} from "./action.ts"

const showAssociation = (c: CloudVpc["cidrs"][number]): XmlObject => ({
  associationId: c.associationId,
  cidrBlock: c.cidr,
  cidrBlockState: { state: c.state },
})

const showVpc = (vpc: CloudVpc, scene: Scene): XmlObject => ({
  vpcId: vpc.id,
  ownerId: scene.cloud.account,
  state: vpc.state,
  cidrBlock: vpc.cidrs[0]?.cidr,
  cidrBlockAssociationSet: vpc.cidrs.map(showAssociation),
  dhcpOptionsId: "default",
  instanceTenancy: "default",
  isDefault: false,
  tagSet: tagList(vpc.tags),
})

const showSubnet = (subnet: CloudSubnet, scene: Scene): XmlObject => ({
  subnetId: subnet.id,
  subnetArn: `arn:aws:ec2:${scene.cloud.region}:${scene.cloud.account}:subnet/${subnet.id}`,
  state: "available",
  ownerId: scene.cloud.account,
  vpcId: subnet.vpcId,
  cidrBlock: subnet.cidr,
  ipv6CidrBlockAssociationSet: [],
  availableIpAddressCount: subnet.availableAddresses,
  availabilityZone: subnet.zone,
  availabilityZoneId: subnet.zoneId,
  defaultForAz: false,
  mapPublicIpOnLaunch: subnet.mapPublicIp,
  assignIpv6AddressOnCreation: false,
  tagSet: tagList(subnet.tags),
})

const showReservation = (r: SubnetReservation, scene: Scene): XmlObject => ({
  subnetCidrReservationId: r.id,
  subnetId: r.subnetId,
  cidr: r.cidr,
  reservationType: r.type,
  ownerId: scene.cloud.account,
  description: r.description,
  tagSet: tagList(r.tags),
})

export const vpcActions: Readonly<Record<string, Action>> = {
  DescribeVpcs: describe({ ids: "VpcId", set: "vpcSet", read: describeVpcs, show: showVpc }),

  CreateVpc: action({
    in: {
      CidrBlock: required(text),
      TagSpecification: tagSpecifications,
      InstanceTenancy: ignored,
      AmazonProvidedIpv6CidrBlock: ignored,
    },
    run: (scene, p) => {
      const tags = tagsFor("vpc", p.TagSpecification)
      return { vpc: showVpc(createVpc(scene.core, { cidr: p.CidrBlock, tags }), scene) }
    },
  }),

  DeleteVpc: command({
    in: { VpcId: required(text) },
    run: ({ core }, p) => deleteVpc(core, { id: p.VpcId }),
  }),

  DescribeVpcAttribute: action({
    in: {
      VpcId: required(text),
      Attribute: required(oneOf("enableDnsSupport", "enableDnsHostnames")),
    },
    run: ({ core }, p) => ({ vpcId: vpcOf(core, p.VpcId).id, [p.Attribute]: { value: true } }),
  }),

  ModifyVpcAttribute: command({
    in: { VpcId: required(text), EnableDnsSupport: ignored, EnableDnsHostnames: ignored },
    run: ({ core }, p) => vpcOf(core, p.VpcId),
  }),

  AssociateVpcCidrBlock: action({
    in: { VpcId: required(text), CidrBlock: required(text) },
    run: ({ core }, p) => ({
      vpcId: p.VpcId,
      cidrBlockAssociation: showAssociation(
        associateVpcCidr(core, { vpcId: p.VpcId, cidr: p.CidrBlock }),
      ),
    }),
  }),

  DisassociateVpcCidrBlock: action({
    in: { AssociationId: required(text) },
    run: ({ core }, p) => {
      const { vpcId, cidr } = disassociateVpcCidr(core, { associationId: p.AssociationId })
      return { vpcId, cidrBlockAssociation: showAssociation(cidr) }
    },
  }),

  DescribeSubnets: describe({
    ids: "SubnetId",
    set: "subnetSet",
    read: describeSubnets,
    show: showSubnet,
  }),

  CreateSubnet: action({
    in: {
      VpcId: required(text),
      CidrBlock: required(text),
      AvailabilityZone: text,
      AvailabilityZoneId: text,
      TagSpecification: tagSpecifications,
    },
    run: (scene, p) => {
      const subnet = createSubnet(
        scene.core,
        given({
          vpcId: p.VpcId,
          cidr: p.CidrBlock,
          zone: p.AvailabilityZone ?? p.AvailabilityZoneId,
          tags: tagsFor("subnet", p.TagSpecification),
        }),
      )
      return { subnet: showSubnet(subnet, scene) }
    },
  }),

  DeleteSubnet: command({
    in: { SubnetId: required(text) },
    run: ({ core }, p) => deleteSubnet(core, { id: p.SubnetId }),
  }),

  ModifySubnetAttribute: command({
    in: { SubnetId: required(text), MapPublicIpOnLaunch: object({ Value: flag }) },
    run: ({ core }, p) =>
      modifySubnet(core, { id: p.SubnetId, mapPublicIp: p.MapPublicIpOnLaunch?.Value ?? false }),
  }),

  CreateSubnetCidrReservation: action({
    in: {
      SubnetId: required(text),
      Cidr: required(text),
      ReservationType: required(oneOf("prefix", "explicit")),
      Description: text,
      TagSpecification: tagSpecifications,
    },
    run: (scene, p) => {
      const reservation = createReservation(
        scene.core,
        given({
          subnetId: p.SubnetId,
          cidr: p.Cidr,
          type: p.ReservationType,
          description: p.Description,
          tags: tagsFor("subnet-cidr-reservation", p.TagSpecification),
        }),
      )
      return { subnetCidrReservation: showReservation(reservation, scene) }
    },
  }),

  DeleteSubnetCidrReservation: action({
    in: { SubnetCidrReservationId: required(text) },
    run: (scene, p) => ({
      deletedSubnetCidrReservation: showReservation(
        deleteReservation(scene.core, { id: p.SubnetCidrReservationId }),
        scene,
      ),
    }),
  }),

  GetSubnetCidrReservations: action({
    in: { SubnetId: required(text), Filter: list(filter), MaxResults: ignored, NextToken: ignored },
    run: (scene, p) => ({
      subnetIpv4CidrReservationSet: describeReservations(scene.views, p.SubnetId, {
        filters: (p.Filter ?? []).map((f) => ({ name: f.Name, values: f.Value ?? [] })),
      }).map((r) => showReservation(r, scene)),
      subnetIpv6CidrReservationSet: [],
    }),
  }),
}
