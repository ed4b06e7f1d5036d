import type { NodeMode, NodeNetwork } from "../../api/nodenetwork.ts"
import { defaultBindingKey } from "../../placement/binding.ts"
import { absent, failed, found, lookup, type Read } from "../../placement/read.ts"
import type { NodeFacts as PlacementNode, PlacementSources } from "../../placement/resolve.ts"
import type { Instance, NetworkInterface, SecurityGroup, Subnet } from "../../vpc/model.ts"
import type { NodeFacts, PodFacts, Snapshot } from "../snapshot.ts"

/** A snapshot with the joins that every reading command needs, each made once: O(nodes + pods + addresses). */
export interface FleetIndex {
  readonly snapshot: Snapshot
  readonly mode: NodeMode
  readonly node: (name: string) => NodeFacts | undefined
  readonly instanceOf: (node: NodeFacts) => Instance | undefined
  /** Attached interfaces, the primary first; empty when AWS was not read. */
  readonly interfacesOf: (node: NodeFacts) => readonly NetworkInterface[]
  readonly podsOf: (node: string) => readonly PodFacts[]
  readonly nodeNetwork: (node: string) => NodeNetwork | undefined
  /** The interface that holds an address, be it primary, secondary or inside a prefix. */
  readonly holderOf: (address: string) => NetworkInterface | undefined
  readonly subnet: (id: string) => Subnet | undefined
  readonly zoneOf: (node: NodeFacts) => string
  readonly typeOf: (node: NodeFacts) => string | undefined
  readonly sources: PlacementSources
  /** The node as placement decisions see it; undefined while its instance is not known. */
  readonly placementNode: (node: NodeFacts) => PlacementNode | undefined
}

export function indexFleet(snapshot: Snapshot): FleetIndex {
  const { cluster, aws } = snapshot
  const nodes = new Map(cluster.nodes.map((n) => [n.name, n]))
  const instances = new Map((aws?.instances ?? []).map((i) => [i.id, i]))
  const pods = Map.groupBy(cluster.pods, (p) => p.node ?? "")
  const networks = new Map(cluster.nodeNetworks.map((n) => [n.metadata.name, n]))
  const subnets = new Map((aws?.subnets ?? []).map((s) => [s.id, s]))
  const attached = attachedByInstance(aws?.interfaces ?? [])
  let holders: ReadonlyMap<string, NetworkInterface> | undefined
  // Made when it is first asked for: a large cluster has 300,000 addresses, and not every command looks for one.
  const holderAt = (key: string) => {
    holders ??= holdersByAddress(aws?.interfaces ?? [])
    return holders.get(key)
  }
  const instanceOf = (node: NodeFacts) => instances.get(node.providerID?.split("/").pop() ?? "")
  const zoneOf = (node: NodeFacts) =>
    node.labels["topology.kubernetes.io/zone"] ?? instanceOf(node)?.zone ?? ""
  return {
    snapshot,
    mode: modeOf(snapshot),
    node: (name) => nodes.get(name),
    instanceOf,
    interfacesOf: (node) => attached.get(instanceOf(node)?.id ?? "") ?? [],
    podsOf: (node) => pods.get(node) ?? [],
    nodeNetwork: (node) => networks.get(node),
    holderOf: (address) => holderAt(address) ?? holderAt(prefixOf(address)),
    subnet: (id) => subnets.get(id),
    zoneOf,
    typeOf: (node) => node.labels["node.kubernetes.io/instance-type"] ?? instanceOf(node)?.type,
    sources: sourcesOf(snapshot),
    placementNode(node) {
      const instance = instanceOf(node)
      if (instance === undefined) return undefined
      const primary = (attached.get(instance.id) ?? instance.interfaces)[0]
      return {
        name: node.name,
        labels: node.labels,
        annotations: node.annotations,
        zone: zoneOf(node),
        vpcId: instance.vpcId,
        primary: { subnetId: instance.subnetId, securityGroups: primary?.securityGroups ?? [] },
      }
    },
  }
}

/** Go's ParseBool, as the plugin reads its environment. */
export const isTrue = (value: string | undefined) =>
  ["1", "t", "T", "TRUE", "true", "True"].includes(value ?? "")

/** What the plugin's DaemonSet asks for, with the original's defaults. */
function modeOf({ cluster }: Snapshot): NodeMode {
  const env = cluster.daemonSet?.env ?? {}
  return {
    customNetworking: isTrue(env["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"]),
    prefixDelegation: isTrue(env["ENABLE_PREFIX_DELEGATION"]),
    provisioning: !isTrue(env["DISABLE_NETWORK_RESOURCE_PROVISIONING"]),
    manageUntagged: env["MANAGE_UNTAGGED_ENI"] === undefined || isTrue(env["MANAGE_UNTAGGED_ENI"]),
    manageWhenUnschedulable: isTrue(env["AWS_MANAGE_ENIS_NON_SCHEDULABLE"]),
    annotationKey: env["ENI_CONFIG_ANNOTATION_DEF"] || defaultBindingKey,
    labelKey: env["ENI_CONFIG_LABEL_DEF"] || defaultBindingKey,
  }
}

function sourcesOf({ cluster, aws, unread }: Snapshot): PlacementSources {
  const why = (what: string) => unread.find((u) => u.what.startsWith(what))?.why
  const listed = <T>(what: string, list: readonly T[] | undefined): Read<readonly T[]> => {
    const reason = why(what)
    if (reason !== undefined) return failed(reason)
    return list === undefined ? failed("AWS was not read") : found(list)
  }
  const subnets = listed<Subnet>("ec2:DescribeSubnets", aws?.subnets)
  const groups = listed<SecurityGroup>("ec2:DescribeSecurityGroups", aws?.securityGroups)
  const configs = new Map(cluster.eniConfigs.map((c) => [c.metadata.name, c]))
  const configsUnread = why("eniconfigs")
  return {
    eniConfig: (name) => {
      const config = configs.get(name)
      if (config !== undefined) return found(config)
      return configsUnread === undefined ? absent : failed(configsUnread)
    },
    pools: listed("subnetpools", cluster.subnetPools),
    policies: listed("securitygrouppolicies", cluster.securityGroupPolicies),
    subnet: lookup(subnets, (s) => s.id),
    group: lookup(groups, (g) => g.id),
    subnets,
    groups,
  }
}

function attachedByInstance(
  interfaces: readonly NetworkInterface[],
): Map<string, NetworkInterface[]> {
  const by = Map.groupBy(
    interfaces.filter((i) => i.attachment !== undefined),
    (i) => i.attachment?.instanceId ?? "",
  )
  const order = (i: NetworkInterface) =>
    (i.attachment?.networkCard ?? 0) * 1000 + (i.attachment?.deviceIndex ?? 0)
  for (const list of by.values()) list.sort((a, b) => order(a) - order(b))
  return by
}

/** Addresses as they are, prefixes under their /28's text: a lookup masks the address to find them. */
function holdersByAddress(interfaces: readonly NetworkInterface[]): Map<string, NetworkInterface> {
  const by = new Map<string, NetworkInterface>()
  for (const i of interfaces)
    for (const key of [i.primaryAddress, ...i.addresses, ...i.prefixes]) by.set(key, i)
  return by
}

function prefixOf(address: string): string {
  const at = address.lastIndexOf(".")
  return `${address.slice(0, at)}.${Number(address.slice(at + 1)) & 0xf0}/28`
}
