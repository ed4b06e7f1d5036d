import type { Views } from "../../../ec2/memory/core.ts"
import { type FilterFields, select } from "../../../ec2/memory/match.ts"
import type { CloudVpc } from "../../../ec2/memory/records.ts"
import type { Describe } from "../../../ec2/memory/views.ts"
import type { Tags } from "../../../vpc/model.ts"
import type { XmlObject } from "../xml.ts"
import { type Action, describe, type Scene, tagList } from "./action.ts"

/** The ACL that every VPC is made with. The lab makes no others, so it is the one of every subnet. */
interface DefaultAcl {
  readonly id: string
  readonly vpcId: string
  readonly subnetIds: readonly string[]
  readonly tags: Tags
}

const aclOf = ({ id }: CloudVpc, { subnet }: Views): DefaultAcl => ({
  id: id.replace(/^vpc-/, "acl-"),
  vpcId: id,
  subnetIds: subnet.in(id).map((s) => s.id),
  tags: {},
})

const aclFields: FilterFields<DefaultAcl> = {
  "network-acl-id": (a) => a.id,
  "vpc-id": (a) => a.vpcId,
  default: () => "true",
  "association.network-acl-id": (a) => a.id,
  "association.subnet-id": (a) => a.subnetIds,
}

function defaultAcls(views: Views, query: Describe): DefaultAcl[] {
  const acls = [...views.vpc.all()].map((vpc) => aclOf(vpc, views))
  const view = { get: (id: string) => acls.find((a) => a.id === id), all: () => acls, in: () => [] }
  return select(view, { ...query, fields: aclFields })
}

/** VPC user guide, "Default network ACL": rule 100 lets everything through, `*` (32767) denies the rest. */
const entries: readonly XmlObject[] = [false, true].flatMap((egress) =>
  [
    { ruleNumber: 100, ruleAction: "allow" },
    { ruleNumber: 32767, ruleAction: "deny" },
  ].map((rule) => ({ ...rule, protocol: "-1", egress, cidrBlock: "0.0.0.0/0" })),
)

const showAcl = (acl: DefaultAcl, { cloud }: Scene): XmlObject => ({
  networkAclId: acl.id,
  vpcId: acl.vpcId,
  ownerId: cloud.account,
  default: true,
  entrySet: entries,
  associationSet: acl.subnetIds.map((subnetId) => ({
    networkAclAssociationId: subnetId.replace(/^subnet-/, "aclassoc-"),
    networkAclId: acl.id,
    subnetId,
  })),
  tagSet: tagList(acl.tags),
})

const peeringFields: FilterFields<{ readonly tags: Tags }> = Object.fromEntries(
  [
    "vpc-peering-connection-id",
    "status-code",
    "requester-vpc-info.vpc-id",
    "accepter-vpc-info.vpc-id",
  ].map((name) => [name, () => undefined]),
)
const none = { get: () => undefined, all: () => [], in: () => [] }

/** What surrounds the VPC and the lab does not change: read by those who look for what is in the way of packets. */
export const networkAclActions: Readonly<Record<string, Action>> = {
  DescribeNetworkAcls: describe({
    ids: "NetworkAclId",
    set: "networkAclSet",
    read: defaultAcls,
    show: showAcl,
  }),

  DescribeVpcPeeringConnections: describe({
    ids: "VpcPeeringConnectionId",
    set: "vpcPeeringConnectionSet",
    read: (_, query) => select<DefaultAcl>(none, { ...query, fields: peeringFields }),
    show: () => [],
  }),
}
