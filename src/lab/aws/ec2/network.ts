import type { CloudSecurityGroup, CloudSubnet, CloudVpc } from "../../../ec2/memory/records.ts"
import { createSubnet } from "../../../ec2/memory/subnets.ts"
import { describeSecurityGroups, describeSubnets, describeVpcs } from "../../../ec2/memory/views.ts"
import { associateVpcCidr } from "../../../ec2/memory/vpcs.ts"
import { given, required, text } from "../shape.ts"
import type { Xml, XmlObject } from "../xml.ts"
import {
  type Action,
  action,
  describe,
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

const showGroup = (group: CloudSecurityGroup, scene: Scene): XmlObject => ({
  ownerId: scene.cloud.account,
  groupId: group.id,
  groupName: group.name,
  groupDescription: group.description,
  vpcId: group.vpcId,
  securityGroupArn: `arn:aws:ec2:${scene.cloud.region}:${scene.cloud.account}:security-group/${group.id}`,
  ipPermissions: permissions(group, false, scene),
  ipPermissionsEgress: permissions(group, true, scene),
  tagSet: tagList(group.tags),
})

/** Rules as EC2 shows them: one permission per protocol and ports, with all its peers. */
function permissions(group: CloudSecurityGroup, egress: boolean, scene: Scene): Xml {
  const rules = group.rules.filter((r) => r.egress === egress)
  const alike = Map.groupBy(rules, (r) => `${r.protocol} ${r.fromPort} ${r.toPort}`)
  return [...alike.values()].map((same) => ({
    ipProtocol: same[0]?.protocol,
    fromPort: same[0]?.fromPort,
    toPort: same[0]?.toPort,
    groups: same.flatMap((r) =>
      r.groupId === undefined
        ? []
        : [{ userId: scene.cloud.account, groupId: r.groupId, description: r.description }],
    ),
    ipRanges: same.flatMap((r) =>
      r.cidr === undefined ? [] : [{ cidrIp: r.cidr, description: r.description }],
    ),
    ipv6Ranges: [],
    prefixListIds: [],
  }))
}

export const networkActions: Readonly<Record<string, Action>> = {
  DescribeVpcs: describe({ ids: "VpcId", set: "vpcSet", read: describeVpcs, show: showVpc }),

  AssociateVpcCidrBlock: action({
    in: { VpcId: required(text), CidrBlock: required(text) },
    run: ({ core }, p) => ({
      vpcId: p.VpcId,
      cidrBlockAssociation: showAssociation(
        associateVpcCidr(core, { vpcId: p.VpcId, cidr: p.CidrBlock }),
      ),
    }),
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
    run: (scene, p) => ({
      subnet: showSubnet(
        createSubnet(
          scene.core,
          given({
            vpcId: p.VpcId,
            cidr: p.CidrBlock,
            zone: p.AvailabilityZone ?? p.AvailabilityZoneId,
            tags: tagsFor("subnet", p.TagSpecification),
          }),
        ),
        scene,
      ),
    }),
  }),

  DescribeSecurityGroups: describe({
    ids: "GroupId",
    set: "securityGroupInfo",
    read: describeSecurityGroups,
    show: showGroup,
  }),
}
