import { missing } from "../../../ec2/memory/fault.ts"
import type { CloudSecurityGroup, GroupRule } from "../../../ec2/memory/records.ts"
import {
  authorizeRules,
  createSecurityGroup,
  deleteSecurityGroup,
  groupOf,
  type NewRule,
  revokeRules,
} from "../../../ec2/memory/security-groups.ts"
import { describeRules, describeSecurityGroups, type OwnedRule } from "../../../ec2/memory/views.ts"
import { given, ignored, integer, list, object, type Read, required, text } from "../shape.ts"
import type { Xml, XmlObject } from "../xml.ts"
import {
  type Action,
  action,
  command,
  describe,
  done,
  type Scene,
  tagList,
  tagSpecifications,
  tagsFor,
} from "./action.ts"

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

const showRule = (rule: OwnedRule, scene: Scene): XmlObject => ({
  securityGroupRuleId: rule.id,
  groupId: rule.ownerGroupId,
  groupOwnerId: scene.cloud.account,
  isEgress: rule.egress,
  ipProtocol: rule.protocol,
  // A rule for all ports shows as -1 here, and without ports in DescribeSecurityGroups.
  fromPort: rule.fromPort ?? -1,
  toPort: rule.toPort ?? -1,
  cidrIpv4: rule.cidr,
  referencedGroupInfo:
    rule.groupId === undefined ? undefined : { groupId: rule.groupId, userId: scene.cloud.account },
  description: rule.description,
  tagSet: [],
})

const permission = object({
  IpProtocol: required(text),
  FromPort: integer,
  ToPort: integer,
  IpRanges: list(object({ CidrIp: required(text), Description: text })),
  Groups: list(
    object({ GroupId: required(text), Description: text, UserId: ignored, VpcId: ignored }),
  ),
})
type Permission = ReturnType<typeof permission.read>

/** The same in the long form and in the older one with a single rule in the request itself. */
const ruleFields = {
  GroupId: required(text),
  IpPermissions: list(permission),
  IpProtocol: text,
  FromPort: integer,
  ToPort: integer,
  CidrIp: text,
  SourceSecurityGroupName: ignored,
  SourceSecurityGroupOwnerId: ignored,
}
type RuleParams = Read<typeof ruleFields>

/** Protocols by number as by name; `-1` has no ports whatever the request says. */
const protocols: Readonly<Record<string, string>> = {
  "6": "tcp",
  "17": "udp",
  "1": "icmp",
  all: "-1",
}

function rulesOf(p: RuleParams): NewRule[] {
  const single: readonly Permission[] =
    p.IpProtocol === undefined
      ? []
      : [
          given({
            IpProtocol: p.IpProtocol,
            FromPort: p.FromPort,
            ToPort: p.ToPort,
            IpRanges: p.CidrIp === undefined ? [] : [{ CidrIp: p.CidrIp }],
          }),
        ]
  return [...(p.IpPermissions ?? []), ...single].flatMap((x) => {
    const protocol = protocols[x.IpProtocol.toLowerCase()] ?? x.IpProtocol.toLowerCase()
    const ports = protocol === "-1" ? {} : given({ fromPort: x.FromPort, toPort: x.ToPort })
    const peers = [
      ...(x.IpRanges ?? []).map((r) => given({ cidr: r.CidrIp, description: r.Description })),
      ...(x.Groups ?? []).map((g) => given({ groupId: g.GroupId, description: g.Description })),
    ]
    return peers.map((peer) => ({ protocol, ...ports, ...peer }))
  })
}

const owned = (groupId: string) => (rule: GroupRule) => ({
  ...rule,
  ownerGroupId: groupId,
  tags: {},
})

const authorize = (egress: boolean): Action =>
  action({
    in: { ...ruleFields, TagSpecification: ignored },
    run: (scene, p) => {
      const rules = rulesOf(p)
      if (rules.length === 0) throw missing("ipPermissions")
      const added = authorizeRules(scene.core, { groupId: p.GroupId, egress, rules })
      return {
        ...done,
        securityGroupRuleSet: added.map(owned(p.GroupId)).map((r) => showRule(r, scene)),
      }
    },
  })

const revoke = (egress: boolean): Action =>
  command({
    in: { ...ruleFields, SecurityGroupRuleId: list(text) },
    run: ({ core }, p) => {
      const { SecurityGroupRuleId: ids = [] } = p
      revokeRules(core, { groupId: p.GroupId, egress, rules: rulesOf(p), ids })
    },
  })

export const securityGroupActions: Readonly<Record<string, Action>> = {
  DescribeSecurityGroups: describe({
    ids: "GroupId",
    set: "securityGroupInfo",
    read: describeSecurityGroups,
    show: showGroup,
  }),

  DescribeSecurityGroupRules: describe({
    ids: "SecurityGroupRuleId",
    set: "securityGroupRuleSet",
    read: describeRules,
    show: showRule,
  }),

  CreateSecurityGroup: action({
    in: {
      GroupName: required(text),
      GroupDescription: required(text),
      VpcId: required(text),
      TagSpecification: tagSpecifications,
    },
    run: ({ core }, p) => {
      const group = createSecurityGroup(core, {
        vpcId: p.VpcId,
        name: p.GroupName,
        description: p.GroupDescription,
        tags: tagsFor("security-group", p.TagSpecification),
      })
      return { ...done, groupId: group.id, tagSet: tagList(group.tags) }
    },
  }),

  DeleteSecurityGroup: action({
    in: { GroupId: required(text) },
    run: ({ core }, p) => {
      deleteSecurityGroup(core, { id: groupOf(core, p.GroupId).id })
      return { ...done, groupId: p.GroupId }
    },
  }),

  AuthorizeSecurityGroupIngress: authorize(false),
  AuthorizeSecurityGroupEgress: authorize(true),
  RevokeSecurityGroupIngress: revoke(false),
  RevokeSecurityGroupEgress: revoke(true),
}
