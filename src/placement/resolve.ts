import type { ENIConfig } from "../api/eniconfig.ts"
import type { NodeMode, PlacementKey, PlacementStatus } from "../api/nodenetwork.ts"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import type { SecurityGroup, Subnet } from "../vpc/model.ts"
import { type Binding, bindNode, boundObject, type NodeKeys, subjectOf } from "./binding.ts"
import { discoveredSubnets } from "./discovery.ts"
import {
  type Placement,
  type PlacementSelector,
  parsePlacementKey,
  primaryObject,
} from "./placement.ts"
import { nodePoolChooser } from "./pool-selection.ts"
import { type Read, readable } from "./read.ts"
import { checkGranted, checkGroups, groupsOfPool } from "./security-groups.ts"
import { checkSubnet, subnetsOfPool } from "./subnet-terms.ts"
import type { Trace, TraceStep } from "./trace.ts"

/** What is known of the node that the placement is for. */
export interface NodeFacts extends NodeKeys {
  readonly zone: string
  readonly vpcId: string
  /** The primary ENI: without custom networking its subnet and groups are the placement. */
  readonly primary: { readonly subnetId: string; readonly securityGroups: readonly string[] }
}

/** Everything a placement is made from. A list is complete or failed, never partial. */
export interface PlacementSources {
  readonly eniConfig: (name: string) => Read<ENIConfig>
  readonly pools: Read<readonly SubnetPool[]>
  readonly policies: Read<readonly SecurityGroupPolicy[]>
  /** By id, of any VPC: a subnet of another VPC must be told from an unknown one. */
  readonly subnet: (id: string) => Read<Subnet>
  readonly group: (id: string) => Read<SecurityGroup>
  /** All of the node's VPC, for pools that select by tag, name or block. */
  readonly subnets: Read<readonly Subnet[]>
  readonly groups: Read<readonly SecurityGroup[]>
  /** Quota "security groups per network interface": 5 unless raised, 16 at most. */
  readonly maxSecurityGroups?: number
}

export type BindingMode = Pick<
  NodeMode,
  "customNetworking" | "subnetDiscovery" | "annotationKey" | "labelKey" | "clusterName"
>

export type Resolution = ResolvedPlacement | RefusedPlacement

export interface ResolvedPlacement {
  readonly ok: true
  readonly placement: Placement
  /** What bound the node; absent without custom networking, and for pools that pods choose. */
  readonly binding?: Binding
  readonly trace: Trace
}

export interface RefusedPlacement {
  readonly ok: false
  /** The object that would have been used; empty when not even that is known. */
  readonly object: string
  readonly binding?: Binding
  readonly refusal: BerthError
  /** True when something could not be read: then nothing that exists may be changed because of the refusal. */
  readonly unreadable: boolean
  readonly trace: Trace
}

/** What the steps of one resolution share: its input, and what they find out. */
interface Resolving {
  readonly node: NodeFacts
  readonly mode: BindingMode
  readonly sources: PlacementSources
  readonly trace: TraceStep[]
  object: string
  binding?: Binding
}

/**
 * Resolves one placement of one node. Whatever is refused is refused here, before any EC2 call: an ENI in the wrong
 * zone would otherwise be created, refused at attach and deleted again, for ever.
 */
export function resolvePlacement(
  key: PlacementKey,
  node: NodeFacts,
  mode: BindingMode,
  sources: PlacementSources,
): Resolution {
  const at: Resolving = { node, mode, sources, trace: [], object: "" }
  const seen = () => ({ ...(at.binding && { binding: at.binding }), trace: at.trace })
  try {
    const selector = parsePlacementKey(key)
    if (selector === undefined) throw fail("placement/key-malformed", { key })
    const base = resolveBase(selector, at)
    const securityGroups = selector.groups
      ? replaceGroups(selector.groups, at)
      : base.securityGroups
    return { ok: true, placement: { ...base, key, securityGroups }, ...seen() }
  } catch (refusal) {
    if (!(refusal instanceof BerthError)) throw refusal
    at.trace.push({ subject: at.object || key, verdict: "refused", why: refusal.message })
    const unreadable = refusal.code === "placement/unreadable"
    return { ok: false, object: at.object, refusal, unreadable, ...seen() }
  }
}

type Base = Omit<Placement, "key">

/** Subnets, strategy and own security groups; throws the refusal. */
function resolveBase(selector: PlacementSelector, at: Resolving): Base {
  if (selector.pool !== undefined) return fromPool(selector.pool, at)
  if (!at.mode.customNetworking) return fromPrimary(at)
  const decision = bindNode(at.node, at.mode, nodePoolChooser(at.node, at.sources.pools))
  at.trace.push(...decision.trace)
  if (!decision.ok) throw decision.refusal
  at.binding = decision.binding
  at.object = boundObject(decision.binding)
  return decision.binding.source === "SubnetPool"
    ? fromPool(decision.binding.name, at)
    : fromENIConfig(decision.binding, at)
}

function fromENIConfig(binding: Binding, at: Resolving): Base {
  const { node, sources, object } = at
  const config = readable(object, sources.eniConfig(binding.name))
  if (config === undefined) {
    const source = subjectOf(binding.source, binding.key)
    throw fail("placement/eniconfig-missing", { node: node.name, name: binding.name, source })
  }
  const id = config.spec?.subnet
  if (!id) {
    throw fail("placement/no-subnet", { object, zone: node.zone, why: "spec.subnet is empty" })
  }
  const subnet = checkSubnet(id, at)
  at.trace.push({ subject: id, verdict: "chosen", why: `${subnet.cidr} in ${subnet.zone}` })
  return {
    object,
    subnets: [{ subnet, weight: 1, reserve: 0 }],
    securityGroups: groupsOrPrimary(config.spec?.securityGroups ?? [], at),
    strategy: "Ordered",
  }
}

function fromPool(name: string, at: Resolving): Base {
  at.object = `SubnetPool/${name}`
  const pools = readable("the list of SubnetPools", at.sources.pools) ?? []
  const pool = pools.find((p) => p.metadata.name === name)
  if (pool === undefined) throw fail("placement/pool-missing", { pool: name })
  return {
    object: at.object,
    subnets: subnetsOfPool(pool, at),
    securityGroups: groupsOrPrimary(groupsOfPool(pool, at), at),
    strategy: pool.spec.strategy ?? "MostFree",
  }
}

function fromPrimary(at: Resolving): Base {
  at.object = primaryObject
  const securityGroups = [...at.node.primary.securityGroups].sort()
  if (at.mode.subnetDiscovery) {
    const subnets = discoveredSubnets(at)
    return { object: primaryObject, subnets, securityGroups, strategy: "MostFree" }
  }
  const { subnetId } = at.node.primary
  const subnet = checkSubnet(subnetId, at)
  at.trace.push({
    subject: subnetId,
    verdict: "chosen",
    why: "custom networking is off: the subnet of the node's primary ENI",
  })
  const subnets = [{ subnet, weight: 1, reserve: 0 }]
  return { object: primaryObject, subnets, securityGroups, strategy: "Ordered" }
}

function groupsOrPrimary(groups: readonly string[], at: Resolving): readonly string[] {
  if (groups.length > 0) return checkGroups(groups, at)
  at.trace.push({
    subject: "security groups",
    verdict: "noted",
    why: `${at.object} names none: those of the primary ENI apply`,
  })
  return [...at.node.primary.securityGroups].sort()
}

/** The groups of the pod's SecurityGroupPolicies take the place of the node's or pool's. */
function replaceGroups(groups: readonly string[], at: Resolving): readonly string[] {
  at.object = "SecurityGroupPolicy"
  checkGranted(groups, at.sources.policies)
  return checkGroups(groups, at)
}

/** The status that users see of a resolution. */
export function placementStatus(key: PlacementKey, resolution: Resolution): PlacementStatus {
  if (resolution.ok) {
    const { object, subnets, securityGroups } = resolution.placement
    const ids = subnets.map((option) => option.subnet.id)
    return {
      placement: key,
      object,
      subnets: ids,
      securityGroups: [...securityGroups],
      ready: true,
    }
  }
  const { code, message, hint } = resolution.refusal
  const { object } = resolution
  return {
    placement: key,
    object,
    subnets: [],
    securityGroups: [],
    ready: false,
    code,
    message,
    hint,
  }
}
