import type { ENIConfig } from "../../api/eniconfig.ts"
import type { KubeObject } from "../../api/meta.ts"
import type { SecurityGroupPolicy } from "../../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import { fail } from "../../errors/catalogue.ts"
import {
  mayOverlap,
  nodeOverlaps,
  podOverlaps,
  shareNamespace,
} from "../../placement/pool-overlap.ts"
import type { PodFacts } from "../../placement/pool-selection.ts"
import type { Read } from "../../placement/read.ts"
import { selects } from "../../placement/selector.ts"
import { termSelects } from "../../placement/subnet-terms.ts"
import type { SecurityGroup, Subnet } from "../../vpc/model.ts"
import { type AdmissionFinding, deny, firstOf, nameOf, warn } from "./finding.ts"

type Labels = Readonly<Record<string, string>>

export interface AdmissionNode {
  readonly name: string
  readonly zone: string
  readonly labels: Readonly<Record<string, string>>
}

/** What objects are compared with. Whatever of the cloud could not be read is not held against anybody. */
export interface AdmissionFacts {
  /** Of the nodes; undefined while none has told. */
  readonly vpcId: string | undefined
  readonly nodes: readonly AdmissionNode[]
  /** All pools but the one under review. */
  readonly otherPools: readonly SubnetPool[]
  readonly subnet: (id: string) => Read<Subnet>
  readonly group: (id: string) => Read<SecurityGroup>
  /** All of the VPC. */
  readonly subnets: Read<readonly Subnet[]>
  /** Namespaces that there are; undefined when they are not known. */
  readonly namespaces?: readonly { readonly name: string; readonly labels: Labels }[] | undefined
  /** Pods that there are, at least those that the pool under review can select; undefined when they are not known. */
  readonly pods?: readonly PodFacts[] | undefined
  /** Nodes that are bound to an ENIConfig of this name. */
  readonly boundTo: (eniConfig: string) => readonly AdmissionNode[]
}

/** What the cluster and the cloud say against an object of a sound shape. */
export function factFindings(object: KubeObject, facts: AdmissionFacts): AdmissionFinding[] {
  switch (object.kind) {
    case "ENIConfig":
      return ofENIConfig(object as ENIConfig, facts)
    case "SubnetPool":
      return ofPool(object as SubnetPool, facts)
    case "SecurityGroupPolicy":
      return groupFindings(
        nameOf(object),
        (object as SecurityGroupPolicy).spec?.securityGroups?.groupIds ?? [],
        facts,
      )
    default:
      return []
  }
}

function ofENIConfig(config: ENIConfig, facts: AdmissionFacts): AdmissionFinding[] {
  const object = nameOf(config)
  const { subnet: id = "", securityGroups = [] } = config.spec ?? {}
  const read = facts.subnet(id)
  const findings = [
    ...subnetFindings(object, id, facts),
    ...groupFindings(object, securityGroups, facts),
  ]
  if (read.state !== "found") return findings
  const { zone } = read.value
  const elsewhere = facts.boundTo(config.metadata.name).filter((node) => node.zone !== zone)
  return [...findings, ...zoneFindings(object, elsewhere)]
}

function ofPool(pool: SubnetPool, facts: AdmissionFacts): AdmissionFinding[] {
  const object = nameOf(pool)
  const ids = pool.spec.subnets.flatMap((term) => term.id ?? [])
  const groups = (pool.spec.securityGroups ?? []).flatMap((term) => term.id ?? [])
  return [
    ...ids.flatMap((id) => subnetFindings(object, id, facts)),
    ...groupFindings(object, groups, facts),
    ...zoneFindings(object, nodesWithoutSubnet(pool, facts)),
    ...overlapFindings(pool, facts),
  ]
}

/** Of another VPC, or unknown: no ENI could ever be made in it. */
function subnetFindings(object: string, id: string, facts: AdmissionFacts): AdmissionFinding[] {
  const read = facts.subnet(id)
  if (read.state === "absent")
    return [deny(object, fail("placement/subnet-unknown", { subnet: id, object }))]
  const vpc = facts.vpcId
  if (read.state === "failed" || vpc === undefined || read.value.vpcId === vpc) return []
  const { vpcId: subnetVpc } = read.value
  return [deny(object, fail("placement/vpc-mismatch", { subnet: id, subnetVpc, vpc, object }))]
}

function groupFindings(
  object: string,
  ids: readonly string[],
  facts: AdmissionFacts,
): AdmissionFinding[] {
  return ids.flatMap((group) => {
    const say = (why: string) => [
      deny(object, fail("placement/security-group-invalid", { group, object, why })),
    ]
    const read = facts.group(group)
    if (read.state === "absent") return say("EC2 does not know it")
    if (read.state === "failed" || facts.vpcId === undefined) return []
    if (read.value.vpcId === facts.vpcId) return []
    return say(`it belongs to ${read.value.vpcId}, the nodes are in ${facts.vpcId}`)
  })
}

/** A pool of pods may serve any node; only that it has nothing for a zone where it could be asked for is told. */
function nodesWithoutSubnet(pool: SubnetPool, facts: AdmissionFacts): AdmissionNode[] {
  if (facts.subnets.state !== "found") return []
  const subnets = facts.subnets.value.filter((s) =>
    pool.spec.subnets.some((t) => termSelects(t, s)),
  )
  const zones = new Set(subnets.map((s) => s.zone))
  const { nodeSelector } = pool.spec
  return facts.nodes.filter(
    (node) => !zones.has(node.zone) && (!nodeSelector || selects(nodeSelector, node.labels)),
  )
}

function zoneFindings(object: string, nodes: readonly AdmissionNode[]): AdmissionFinding[] {
  return [...Map.groupBy(nodes, (node) => node.zone)].map(([zone, here]) =>
    warn(
      object,
      fail("admission/no-subnet-in-zone", {
        object,
        zone,
        nodes: firstOf(here.map((n) => n.name)),
      }),
    ),
  )
}

/**
 * What exists is named. Nodes are all known; pods come and go, so of them it is also told what selectors allow, unless
 * no namespace that there is could have such pods.
 */
function overlapFindings(pool: SubnetPool, facts: AdmissionFacts): AdmissionFinding[] {
  const { name } = pool.metadata
  const say = (others: Iterable<string>, what: string) => {
    const named = firstOf([...new Set(others)].map((other) => `SubnetPool/${other}`))
    return [
      warn(nameOf(pool), fail("admission/pools-overlap", { pool: name, others: named, what })),
    ]
  }
  const selectors = facts.otherPools.filter((other) => mayOverlap(pool, other))
  const nodes = nodeOverlaps([...facts.otherPools, pool], facts.nodes)
  const pods = podOverlaps([...selectors, pool], facts.pods ?? [])
  const overlaps = [
    ...nodes.map(({ node, pools }) => ({ what: `node ${node}`, pools })),
    ...pods.map(({ pod, pools }) => ({ what: `pod ${pod}`, pools })),
  ].filter(({ pools }) => pools.includes(name))
  const others = overlaps.flatMap(({ pools }) => pools.filter((other) => other !== name))
  if (overlaps[0]) return say(others, `select ${overlaps[0].what}`)
  if (pool.spec.nodeSelector !== undefined)
    return facts.nodes.length > 0 || selectors.length === 0
      ? []
      : say(selectors.map(nameOfPool), "can select the same nodes")
  const possible = selectors.filter(
    (other) => facts.namespaces?.some((n) => shareNamespace(pool, other, n.labels)) ?? true,
  )
  return possible.length === 0 ? [] : say(possible.map(nameOfPool), "can select the same pods")
}

const nameOfPool = ({ metadata }: SubnetPool): string => metadata.name
