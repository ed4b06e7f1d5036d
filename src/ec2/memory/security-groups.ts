import type { Tags } from "../../vpc/model.ts"
import type { Core } from "./core.ts"
import { Ec2Fault, notFound } from "./fault.ts"
import type { CloudSecurityGroup, GroupRule } from "./records.ts"

/** A permission as sent: the rule's id is EC2's to give. */
export type NewRule = Omit<GroupRule, "id" | "egress">

export const groupOf = (core: Core, id: string): CloudSecurityGroup => {
  const group = core.tables.securityGroup.get(id)
  if (group === undefined) throw notFound(id)
  return group
}

/** A group that lets everything out; the VPC's `default` group also lets its own members in. */
export function createSecurityGroup(
  core: Core,
  input: { id?: string; vpcId: string; name: string; description: string; tags?: Tags },
): CloudSecurityGroup {
  if (core.tables.vpc.get(input.vpcId) === undefined) throw notFound(input.vpcId)
  if (core.tables.securityGroup.in(input.vpcId).some((g) => g.name === input.name))
    throw new Ec2Fault(
      "InvalidGroup.Duplicate",
      `The security group '${input.name}' already exists for VPC '${input.vpcId}'`,
    )
  const id = input.id ?? core.newId("sg")
  const rule = (egress: boolean, to: NewRule): GroupRule => ({
    ...to,
    egress,
    id: core.newId("sgr"),
  })
  const out = rule(true, { protocol: "-1", cidr: "0.0.0.0/0" })
  return core.tables.securityGroup.put({
    id,
    vpcId: input.vpcId,
    name: input.name,
    description: input.description,
    rules: input.name === "default" ? [out, rule(false, { protocol: "-1", groupId: id })] : [out],
    tags: input.tags ?? {},
  })
}

export function deleteSecurityGroup(core: Core, input: { id: string }): void {
  const group = groupOf(core, input.id)
  if (group.name === "default")
    throw new Ec2Fault(
      "CannotDelete",
      `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
    )
  const used =
    [...core.tables.networkInterface.all()].some((i) => i.securityGroups.includes(group.id)) ||
    [...core.tables.securityGroup.all()].some(
      (g) => g.id !== group.id && g.rules.some((r) => r.groupId === group.id),
    )
  if (used) throw new Ec2Fault("DependencyViolation", `resource ${group.id} has a dependent object`)
  core.tables.securityGroup.delete(group.id)
}

/** Adds permissions; one that exists already refuses the whole request, as EC2 does. */
export function authorizeRules(
  core: Core,
  input: { groupId: string; egress: boolean; rules: readonly NewRule[] },
): GroupRule[] {
  const group = groupOf(core, input.groupId)
  for (const rule of input.rules) {
    if (rule.groupId !== undefined) groupOf(core, rule.groupId)
    if (group.rules.some((r) => r.egress === input.egress && sameRule(r, rule)))
      throw new Ec2Fault(
        "InvalidPermission.Duplicate",
        `the specified rule "peer: ${rule.cidr ?? rule.groupId}, ${rule.protocol}, ALLOW" already exists`,
      )
  }
  const added = input.rules.map((r) => ({ ...r, egress: input.egress, id: core.newId("sgr") }))
  core.tables.securityGroup.put({ ...group, rules: [...group.rules, ...added] })
  return added
}

/** Removes permissions given by value or by rule id. */
export function revokeRules(
  core: Core,
  input: { groupId: string; egress: boolean; rules?: readonly NewRule[]; ids?: readonly string[] },
): void {
  const group = groupOf(core, input.groupId)
  const wanted = (r: GroupRule) =>
    r.egress === input.egress &&
    ((input.ids ?? []).includes(r.id) || (input.rules ?? []).some((w) => sameRule(r, w)))
  const rules = group.rules.filter((r) => !wanted(r))
  if (rules.length === group.rules.length)
    throw new Ec2Fault(
      "InvalidPermission.NotFound",
      "The specified rule does not exist in this security group.",
    )
  core.tables.securityGroup.put({ ...group, rules })
}

const sameRule = (a: NewRule, b: NewRule) =>
  a.protocol === b.protocol &&
  a.fromPort === b.fromPort &&
  a.toPort === b.toPort &&
  a.cidr === b.cidr &&
  a.groupId === b.groupId
