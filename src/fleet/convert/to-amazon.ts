import type { ENIConfig } from "../../api/eniconfig.ts"
import type { KubeObject } from "../../api/meta.ts"
import type { SecurityGroupTerm, SubnetPool } from "../../api/subnetpool.ts"
import { termSelects } from "../../placement/subnet-terms.ts"
import { tagsMatch } from "../../placement/tags.ts"
import type { SecurityGroup, Subnet } from "../../vpc/model.ts"
import { type Conversion, Notes, type SelectorTerm } from "./conversion.ts"

/** What of the cloud an export needs: what the terms of pools select. */
export interface ExportFacts {
  readonly subnets: readonly Subnet[]
  readonly groups: readonly SecurityGroup[]
}

/** One ENIConfig for each zone of a pool of nodes, named POOL-ZONE: the stock plugin knows one subnet for each. */
export function toENIConfigs(
  pools: readonly SubnetPool[],
  facts: ExportFacts,
): Conversion<ENIConfig> {
  const notes = new Notes()
  const objects = pools
    .filter((pool) => servesNodes(pool, notes))
    .flatMap((pool) => {
      const { name } = pool.metadata
      const groups = groupsOf(pool, facts, notes)
      const byZone = Map.groupBy(selected(pool, facts), (subnet) => subnet.zone)
      if (byZone.size === 0) notes.lost(`SubnetPool/${name}`, "its terms select no subnet")
      return [...byZone]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([zone, subnets]): ENIConfig => {
          const [subnet, ...others] = subnets
          if (others.length > 0)
            notes.lost(
              `SubnetPool/${name} in ${zone}`,
              `${others.map((s) => s.id).join(", ")}: an ENIConfig has one subnet, and does not spill over`,
            )
          return {
            apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
            kind: "ENIConfig",
            metadata: { name: `${name}-${zone}` },
            spec: {
              subnet: subnet?.id ?? "",
              ...(groups.length > 0 && { securityGroups: groups }),
            },
          }
        })
    })
  for (const { metadata, spec } of objects)
    notes.differs(
      `ENIConfig/${metadata.name}`,
      `nodes have to be bound to it by label or annotation, before they start (${spec?.subnet})`,
    )
  return { objects, commands: [], notes: notes.all }
}

/** The tags by which Amazon VPC CNI's subnet discovery finds what pools select, as commands of the AWS CLI. */
export function toDiscoveryTags(
  pools: readonly SubnetPool[],
  facts: ExportFacts,
  cluster: string | undefined,
): Conversion {
  const notes = new Notes()
  const own = pools.filter((pool) => servesNodes(pool, notes))
  const subnets = [...new Set(own.flatMap((pool) => selected(pool, facts).map((s) => s.id)))].sort()
  const tags = [
    "Key=kubernetes.io/role/cni,Value=1",
    ...(cluster === undefined
      ? []
      : [`Key=cni.networking.k8s.aws/cluster/${cluster},Value=shared`]),
  ]
  for (const pool of own) {
    const about = `SubnetPool/${pool.metadata.name}`
    if (pool.spec.securityGroups?.length)
      notes.lost(about, "security groups: discovered subnets use those of the primary ENI")
    if (Object.keys(pool.spec.nodeSelector?.matchLabels ?? {}).length > 0 || own.length > 1)
      notes.lost(about, "nodeSelector: discovered subnets serve every node of their zone")
  }
  const commands =
    subnets.length === 0
      ? []
      : [`aws ec2 create-tags --resources ${subnets.join(" ")} --tags ${tags.join(" ")}`]
  return { objects: [], commands, notes: notes.all }
}

/** Fields for pods of an Auto Mode NodeClass of the pool's name; the rest of the class is the operator's. */
export function toAutoMode(pools: readonly SubnetPool[], facts: ExportFacts): Conversion {
  const notes = new Notes()
  const objects = pools
    .filter((pool) => servesNodes(pool, notes))
    .map((pool): KubeObject => {
      const about = `SubnetPool/${pool.metadata.name}`
      const podSubnetSelectorTerms = pool.spec.subnets.flatMap((term): SelectorTerm[] => {
        if (term.id !== undefined) return [{ id: term.id }]
        if (term.tags !== undefined) return [{ tags: term.tags }]
        const ids = facts.subnets.filter((subnet) => termSelects(term, subnet))
        notes.differs(about, `${term.cidr}: the subnets that are in it now, by id`)
        return ids.map(({ id }) => ({ id }))
      })
      notes.differs(
        about,
        "role, subnetSelectorTerms and securityGroupSelectorTerms are the nodes' own: add them, or merge this into a class that has them",
      )
      notes.lost(about, "strategy, weights and reserves: Auto Mode chooses by itself")
      notes.differs(
        about,
        "it applies to nodes that are made with the class, not to those that run",
      )
      return {
        apiVersion: "eks.amazonaws.com/v1",
        kind: "NodeClass",
        metadata: { name: pool.metadata.name },
        ...{
          spec: {
            podSubnetSelectorTerms,
            ...(pool.spec.securityGroups?.length && {
              podSecurityGroupSelectorTerms: pool.spec.securityGroups,
            }),
          },
        },
      }
    })
  return { objects, commands: [], notes: notes.all }
}

function servesNodes(pool: SubnetPool, notes: Notes): boolean {
  if (pool.spec.nodeSelector !== undefined) return true
  notes.lost(`SubnetPool/${pool.metadata.name}`, "pods cannot choose their subnet there")
  return false
}

/** In the order of the terms, then of the ids. */
function selected(pool: SubnetPool, { subnets }: ExportFacts): Subnet[] {
  const sorted = subnets.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const all = pool.spec.subnets.flatMap((term) => sorted.filter((s) => termSelects(term, s)))
  return [...new Set(all)]
}

function groupsOf(pool: SubnetPool, facts: ExportFacts, notes: Notes): string[] {
  const ids = (pool.spec.securityGroups ?? []).flatMap((term) => {
    if (term.id !== undefined) return [term.id]
    const found = facts.groups.filter((group) => isNamed(term, group)).map((group) => group.id)
    const about = `SubnetPool/${pool.metadata.name}`
    if (found.length === 0) notes.lost(about, `no security group matches ${JSON.stringify(term)}`)
    else notes.differs(about, `${JSON.stringify(term)}: the groups that match now, by id`)
    return found
  })
  return [...new Set(ids)].sort()
}

const isNamed = (term: SecurityGroupTerm, group: SecurityGroup): boolean =>
  (term.name === undefined || term.name === group.name) && tagsMatch(term.tags ?? {}, group.tags)
