import type { KubeObject, LabelSelector } from "../../api/meta.ts"
import type { SubnetPool, SubnetStrategy, SubnetTerm } from "../../api/subnetpool.ts"
import { parseAddress } from "../../vpc/cidr.ts"
import { countOf, type Range, rangeSet } from "../../vpc/range-set.ts"
import { type Conversion, type IdMap, Notes, subnetPool } from "./conversion.ts"

type Pools = Conversion<SubnetPool>

/** Stands for an id that the map does not have: whoever tags a subnet with it completes the pool. */
const standInTag = "berth.dev/converted-from"

interface PodNetworking extends KubeObject {
  spec?: {
    selector?: { podSelector?: LabelSelector; namespaceSelector?: LabelSelector }
    vSwitchOptions?: string[]
    vSwitchSelectOptions?: { vSwitchSelectionPolicy?: string }
    securityGroupIDs?: string[]
    allocationType?: { type?: string; releaseStrategy?: string; releaseAfter?: string }
  }
}

const policies: Readonly<Record<string, SubnetStrategy>> = {
  ordered: "Ordered",
  most: "MostFree",
  random: "Weighted",
}

/** Terway's PodNetworking (network.alibabacloud.com/v1beta1). */
export function fromTerway(networks: readonly KubeObject[], ids: IdMap): Pools {
  const notes = new Notes()
  const objects = (networks as readonly PodNetworking[]).flatMap(
    ({ metadata: { name }, spec = {} }) => {
      const about = `PodNetworking/${name}`
      if (!spec.selector?.podSelector && !spec.selector?.namespaceSelector) {
        notes.lost(
          about,
          "it selects no pods: pods name it by annotation, which a pool cannot read",
        )
        return []
      }
      const policy = spec.vSwitchSelectOptions?.vSwitchSelectionPolicy ?? "ordered"
      const groups = (spec.securityGroupIDs ?? []).flatMap((id) => mapped(id, ids, about, notes))
      if (policy === "random")
        notes.differs(about, "vSwitches at random become subnets in equal shares")
      else notes.same(about, `the policy ${policy} is ${policies[policy]}`)
      notes.differs(
        about,
        "no zone affinity is put on pods: give the pool a subnet in every zone, or label their namespaces berth.dev/schedule-by-placement=enabled",
      )
      if (groups.length < (spec.securityGroupIDs ?? []).length)
        notes.lost(about, "pods have fewer security groups than before; without any, the node's")
      const sticky = stickyOf(spec.allocationType, about, notes)
      const pool = subnetPool(name, {
        ...spec.selector,
        subnets: (spec.vSwitchOptions ?? []).map((id): SubnetTerm => {
          const [subnet] = mapped(id, ids, about, notes)
          return subnet === undefined ? { tags: { [standInTag]: id } } : { id: subnet }
        }),
        ...(groups.length > 0 && { securityGroups: groups.map((id) => ({ id })) }),
        strategy: policies[policy] ?? "Ordered",
        ...(sticky && { sticky }),
      })
      return [pool]
    },
  )
  return { objects, commands: [], notes: notes.all }
}

function mapped(id: string, ids: IdMap, about: string, notes: Notes): string[] {
  const found = ids.get(id)
  if (found !== undefined) return [found]
  const how = id.startsWith("sg-")
    ? "is left out"
    : `stands as the tag ${standInTag}=${id}, to be put on a subnet`
  notes.lost(about, `${id} ${how}; or name its counterpart with --map ${id}=ID`)
  return []
}

/** Terway keeps a fixed address for `releaseAfter`, a Go duration, or for ever. */
function stickyOf(
  type: NonNullable<PodNetworking["spec"]>["allocationType"],
  about: string,
  notes: Notes,
): { ttlSeconds: number } | undefined {
  if (type?.type !== "Fixed") return undefined
  const ttlSeconds = secondsOf(type.releaseAfter ?? "")
  if (type.releaseStrategy === "Never" || ttlSeconds === 0) {
    notes.lost(about, "a fixed address without a time limit: set spec.sticky.ttlSeconds")
    return undefined
  }
  notes.differs(
    about,
    `pods of a StatefulSet have their address back within ${type.releaseAfter} where node, zone and subnet allow it`,
  )
  return { ttlSeconds }
}

const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 }

/** Of a Go duration such as 1h30m, in whole seconds; 0 for what is none. */
function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)([hms])/g)]
  const seconds = parts.map(([, count, unit]) => Number(count) * (units[unit ?? ""] ?? 0))
  return Math.round(seconds.reduce((a, b) => a + b, 0))
}

interface SpiderIPPool extends KubeObject {
  spec?: {
    subnet?: string
    ips?: string[]
    excludeIPs?: string[]
    namespaceAffinity?: LabelSelector
    namespaceName?: string[]
    podAffinity?: LabelSelector
    nodeAffinity?: LabelSelector
    nodeName?: string[]
    gateway?: string
    vlan?: number
    routes?: unknown[]
    ipVersion?: number
    disable?: boolean
  }
}

const hostKey = "kubernetes.io/hostname"
const zoneKey = "topology.kubernetes.io/zone"

/** Spiderpool's SpiderIPPool (spiderpool.spidernet.io/v2beta1). */
export function fromSpiderpool(pools: readonly KubeObject[]): Pools {
  const notes = new Notes()
  const objects = (pools as readonly SpiderIPPool[]).flatMap(
    ({ metadata: { name }, spec = {} }) => {
      const about = `SpiderIPPool/${name}`
      if (spec.disable || spec.ipVersion === 6 || !spec.subnet?.includes(".")) {
        notes.lost(about, spec.disable ? "it is disabled" : "Berth serves IPv4 pods")
        return []
      }
      if (spec.ips?.length)
        notes.lost(
          about,
          "the VPC hands out addresses: a part of a subnet cannot be asked for. Give the pool subnets of its own",
        )
      if (spec.gateway || spec.vlan || spec.routes?.length)
        notes.lost(about, "gateway, VLAN and routes: the VPC's route tables say so for all")
      const reserve = countOf(rangeSet((spec.excludeIPs ?? []).flatMap(rangeOfText)))
      if (reserve > 0)
        notes.differs(about, "excluded addresses become a number left to others; EC2 chooses which")
      const whom = selectorsOf(spec, about, notes)
      return [
        subnetPool(name, {
          ...whom,
          subnets: [{ cidr: spec.subnet, ...(reserve > 0 && { reserve }) }],
        }),
      ]
    },
  )
  return { objects, commands: [], notes: notes.all }
}

/** An address, or FIRST-LAST. */
function rangeOfText(text: string): Range[] {
  const [first, last = first] = text.split("-").map((part) => parseAddress(part.trim()))
  return first === undefined || last === undefined ? [] : [{ first, last }]
}

function selectorsOf(spec: NonNullable<SpiderIPPool["spec"]>, about: string, notes: Notes) {
  const { podAffinity, namespaceAffinity, namespaceName, nodeAffinity, nodeName = [] } = spec
  const byName: LabelSelector | undefined = namespaceName?.length
    ? {
        matchExpressions: [
          { key: "kubernetes.io/metadata.name", operator: "In", values: namespaceName },
        ],
      }
    : undefined
  const namespaceSelector = byName ?? namespaceAffinity
  const { [zoneKey]: zone, ...others } = nodeAffinity?.matchLabels ?? {}
  if (zone !== undefined)
    notes.same(about, `subnets serve the nodes of their own zone alone (${zone})`)
  if (podAffinity === undefined && namespaceSelector === undefined) {
    notes.differs(about, "it selects no pods: it becomes a pool of nodes")
    if (nodeName.length === 0) return { nodeSelector: nodeAffinity ?? {} }
    notes.differs(about, `nodeName becomes the label ${hostKey}, and goes before nodeAffinity`)
    const byHost = { key: hostKey, operator: "In" as const, values: nodeName }
    return { nodeSelector: { matchExpressions: [byHost] } }
  }
  if (Object.keys(others).length + nodeName.length > 0 || nodeAffinity?.matchExpressions?.length)
    notes.lost(
      about,
      "nodeAffinity or nodeName beside pods or namespaces: a pool serves nodes or pods",
    )
  notes.same(about, "pods are selected as before")
  return {
    ...(podAffinity && { podSelector: podAffinity }),
    ...(namespaceSelector && { namespaceSelector }),
  }
}
