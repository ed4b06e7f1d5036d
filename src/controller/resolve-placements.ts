import type { ENIConfig } from "../api/eniconfig.ts"
import type { KubeObject } from "../api/meta.ts"
import type { NodeMode, PlacementKey } from "../api/nodenetwork.ts"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import type { Informer } from "../kube/informer.ts"
import { absent, failed, found, type Read } from "../placement/read.ts"
import {
  type NodeFacts,
  type PlacementSources,
  type Resolution,
  resolvePlacement,
} from "../placement/resolve.ts"
import type { CloudFacts } from "./cloud-facts.ts"

export interface PlacementInformers {
  eniConfigs: Informer<ENIConfig>
  pools: Informer<SubnetPool>
  policies: Informer<SecurityGroupPolicy>
}

/** Rounds of asking the cloud: a pool names subnets, whose groups are asked for next. */
const roundLimit = 4

/**
 * Resolves placements, loading the cloud facts that the resolution asks for and does not find. When everything is
 * known already no call is made.
 */
export async function resolvePlacements(
  keys: Iterable<PlacementKey>,
  { node, mode }: { node: NodeFacts; mode: NodeMode },
  informers: PlacementInformers,
  facts: CloudFacts,
): Promise<Map<PlacementKey, Resolution>> {
  const list = [...keys]
  for (let round = 1; ; round++) {
    const asked = { subnets: new Set<string>(), groups: new Set<string>(), allGroups: false }
    const sources = sourcesOf(node.vpcId, informers, facts, asked)
    const resolutions = new Map(
      list.map((key) => [key, resolvePlacement(key, node, mode, sources)] as const),
    )
    const loaded = await facts.ensure({ vpcId: node.vpcId, ...asked })
    if (!loaded || round === roundLimit) return resolutions
  }
}

/** The sources of a resolution, noting what of the cloud it asks for. */
function sourcesOf(
  vpcId: string,
  informers: PlacementInformers,
  facts: CloudFacts,
  asked: { subnets: Set<string>; groups: Set<string>; allGroups: boolean },
): PlacementSources {
  return {
    eniConfig: (name) => {
      const read = informers.eniConfigs.get(name)
      if (read.state === "known") return found(read.object)
      return read.state === "absent" ? absent : failed(read.why)
    },
    pools: listOf(informers.pools),
    policies: listOf(informers.policies),
    subnet: (id) => {
      asked.subnets.add(id)
      return facts.subnet(id)
    },
    group: (id) => {
      asked.groups.add(id)
      return facts.group(id)
    },
    subnets: facts.subnetsOf(vpcId),
    get groups() {
      asked.allGroups = true
      return facts.groupsOf(vpcId)
    },
  }
}

/** A list that was complete once stays usable while the watch is broken: it is as old as the break. */
function listOf<T extends KubeObject>(informer: Informer<T>): Read<readonly T[]> {
  return informer.state === "starting" ? failed(informer.lastError) : found(informer.list())
}
