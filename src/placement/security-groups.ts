import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SecurityGroupTerm, SubnetPool } from "../api/subnetpool.ts"
import { fail } from "../errors/catalogue.ts"
import type { SecurityGroup } from "../vpc/model.ts"
import { type Read, readable } from "./read.ts"
import { tagsMatch } from "./tags.ts"

interface Context {
  readonly object: string
  readonly node: { readonly vpcId: string }
  readonly sources: {
    readonly group: (id: string) => Read<SecurityGroup>
    readonly groups: Read<readonly SecurityGroup[]>
    readonly maxSecurityGroups?: number
  }
}

const defaultMaxGroups = 5

/** The ids, sorted and each once, when an ENI of the node's VPC can carry them all; throws the refusal. */
export function checkGroups(ids: readonly string[], at: Context): readonly string[] {
  const { object } = at
  const groups = [...new Set(ids)].sort()
  for (const id of groups) {
    const group = readable(`security group ${id}`, at.sources.group(id))
    if (group === undefined) {
      throw fail("placement/security-group-invalid", {
        group: id,
        object,
        why: "EC2 does not know it",
      })
    }
    if (group.vpcId !== at.node.vpcId) {
      const why = `it belongs to ${group.vpcId}, the node is in ${at.node.vpcId}`
      throw fail("placement/security-group-invalid", { group: id, object, why })
    }
  }
  const max = at.sources.maxSecurityGroups ?? defaultMaxGroups
  const surplus = groups[max]
  if (surplus !== undefined) {
    const why = `it is one of ${groups.length}, and an ENI takes ${max}`
    throw fail("placement/security-group-invalid", { group: surplus, object, why })
  }
  return groups
}

/** The group ids that a pool's terms select; empty when it has no terms. A term that selects nothing is refused. */
export function groupsOfPool(pool: SubnetPool, at: Context): readonly string[] {
  return (pool.spec.securityGroups ?? []).flatMap((term) => {
    if (term.id !== undefined) return [term.id]
    const all = readable("the security groups of the VPC", at.sources.groups) ?? []
    const matching = all.filter((group) => termSelects(term, group)).map((group) => group.id)
    if (matching.length > 0) return matching
    const group = term.name ?? JSON.stringify(term.tags ?? {})
    const why = "no group of the VPC matches"
    throw fail("placement/security-group-invalid", { group, object: at.object, why })
  })
}

const termSelects = (term: SecurityGroupTerm, group: SecurityGroup) =>
  (term.name !== undefined || Object.keys(term.tags ?? {}).length > 0) &&
  (term.name === undefined || term.name === group.name) &&
  tagsMatch(term.tags ?? {}, group.tags)

/**
 * Refuses groups that no SecurityGroupPolicy names: the key that states them was written by a node's agent, and a
 * node that was taken over must not be able to ask for a group of its own choice.
 */
export function checkGranted(
  ids: readonly string[],
  policies: Read<readonly SecurityGroupPolicy[]>,
): void {
  const list = readable("the list of SecurityGroupPolicies", policies) ?? []
  const granted = new Set(list.flatMap((policy) => policy.spec?.securityGroups?.groupIds ?? []))
  const group = ids.find((id) => !granted.has(id))
  if (group === undefined) return
  const why = "no SecurityGroupPolicy of the cluster names it"
  throw fail("placement/security-group-invalid", { group, object: "a pod's placement", why })
}
