import type { KubeObject, LabelSelector } from "../../api/meta.ts"
import type { SubnetPool, SubnetStrategy, SubnetTerm } from "../../api/subnetpool.ts"
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
    allocationType?: { type?: string; releaseAfter?: string }
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
  const objects = (networks as readonly PodNetworking[]).map(
    ({ metadata: { name }, spec = {} }) => {
      const about = `PodNetworking/${name}`
      const policy = spec.vSwitchSelectOptions?.vSwitchSelectionPolicy ?? "ordered"
      const groups = (spec.securityGroupIDs ?? []).flatMap((id) => mapped(id, ids, about, notes))
      if (policy === "random")
        notes.differs(about, "vSwitches at random become subnets in equal shares")
      else notes.same(about, `the policy ${policy} is ${policies[policy]}`)
      if (spec.allocationType?.type === "Fixed")
        notes.lost(about, "a fixed address is not kept over the recreation of its pod")
      notes.differs(about, "no zone affinity is put on pods: give the pool a subnet in every zone")
      return subnetPool(name, {
        ...spec.selector,
        subnets: (spec.vSwitchOptions ?? []).map((id): SubnetTerm => {
          const [subnet] = mapped(id, ids, about, notes)
          return subnet === undefined ? { tags: { [standInTag]: id } } : { id: subnet }
        }),
        ...(groups.length > 0 && { securityGroups: groups.map((id) => ({ id })) }),
        strategy: policies[policy] ?? "Ordered",
      })
    },
  )
  return { objects, commands: [], notes: notes.all }
}

function mapped(id: string, ids: IdMap, about: string, notes: Notes): string[] {
  const found = ids.get(id)
  if (found !== undefined) return [found]
  const how = id.startsWith("sg-")
    ? "left out"
    : `stands as the tag ${standInTag}=${id}: tag the subnet, or`
  notes.lost(about, `${id} is ${how} name its counterpart with --map ${id}=ID`)
  return []
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
    ipVersion?: number
    disable?: boolean
  }
}

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
      const reserve = spec.excludeIPs?.length ?? 0
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

function selectorsOf(spec: NonNullable<SpiderIPPool["spec"]>, about: string, notes: Notes) {
  const { podAffinity, namespaceAffinity, namespaceName, nodeAffinity } = spec
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
    const matchLabels = nodeAffinity?.matchLabels ?? {}
    notes.differs(about, "it selects no pods: it becomes a pool of nodes")
    return { nodeSelector: { ...nodeAffinity, matchLabels } }
  }
  if (Object.keys(others).length > 0 || nodeAffinity?.matchExpressions?.length)
    notes.lost(about, "nodeAffinity beside pods or namespaces: a pool serves nodes or pods")
  notes.same(about, "pods are selected as before")
  return {
    ...(podAffinity && { podSelector: podAffinity }),
    ...(namespaceSelector && { namespaceSelector }),
  }
}
