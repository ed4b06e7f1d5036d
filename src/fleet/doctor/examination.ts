import { nodePlacement, type PlacementKey } from "../../api/nodenetwork.ts"
import { externalLabel } from "../../placement/binding.ts"
import { type Resolution, resolvePlacement } from "../../placement/resolve.ts"
import type { NetworkInterface, Subnet } from "../../vpc/model.ts"
import { mapSubnet, type SubnetMap } from "../../vpc/subnet-map.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { AwsFacts, NodeFacts, PodFacts, RouteTableFacts } from "../snapshot.ts"

/** A snapshot with what several checks ask of it, each worked out once and only when asked. */
export interface Examination {
  readonly index: FleetIndex
  readonly env: Readonly<Record<string, string>>
  /** Absent facts are empty lists here: checks that must tell the difference state it in `needs`. */
  readonly aws: AwsFacts
  /** Linux nodes that the plugin serves: no Fargate, Auto Mode or Windows ones. */
  readonly nodes: readonly NodeFacts[]
  readonly resolution: (node: NodeFacts) => Resolution | undefined
  /** The same for a placement that pods choose. */
  readonly resolve: (node: NodeFacts, placement: PlacementKey) => Resolution | undefined
  /** Secondary ENIs of the node that the plugin may use. */
  readonly podInterfaces: (node: NodeFacts) => readonly NetworkInterface[]
  /** ENIs that give the node's pods addresses of other subnets than its placement names. */
  readonly strayInterfaces: (node: NodeFacts) => readonly NetworkInterface[]
  /** Pods on the node that need an address of their own. */
  readonly addressedPods: (node: NodeFacts) => readonly PodFacts[]
  /** Subnets that an ENIConfig or pool names for pods, with the objects that name them. */
  readonly podSubnets: ReadonlyMap<string, readonly string[]>
  /** The table that decides about packets of a subnet: its own, else the VPC's main one. */
  readonly routeTableOf: (subnetId: string) => RouteTableFacts | undefined
  readonly interfacesIn: (subnetId: string) => readonly NetworkInterface[]
  readonly subnetMap: (subnet: Subnet) => SubnetMap | undefined
}

const nothing: AwsFacts = {
  region: "",
  subnets: [],
  securityGroups: [],
  interfaces: [],
  instances: [],
  routeTables: [],
  reservations: [],
  autoScalingGroups: [],
  nodeGroups: [],
}

export function examine(index: FleetIndex): Examination {
  const { snapshot, mode, sources } = index
  const aws = snapshot.aws ?? nothing
  const bySubnet = Map.groupBy(aws.interfaces, (i) => i.subnetId)
  const interfacesIn = (subnetId: string) => bySubnet.get(subnetId) ?? []
  const resolve = (node: NodeFacts, placement: PlacementKey) => {
    const facts = index.placementNode(node)
    return facts && resolvePlacement(placement, facts, mode, sources)
  }
  const resolution = memoised((node: NodeFacts) => resolve(node, nodePlacement))
  const podInterfaces = (node: NodeFacts) =>
    index.interfacesOf(node).filter((i) => i.attachment?.deviceIndex !== 0 && isPodInterface(i))
  return {
    index,
    env: snapshot.cluster.daemonSet?.env ?? {},
    aws,
    nodes: snapshot.cluster.nodes.filter(isServed),
    resolution,
    resolve,
    podInterfaces,
    strayInterfaces(node) {
      const answer = resolution(node)
      if (!mode.customNetworking || !answer?.ok) return []
      const ids = answer.placement.subnets.map((option) => option.subnet.id)
      const others = ofPodPlacements(index, node)
      const serving = [...podInterfaces(node), ...primaryOfOld(index, node)]
      return serving.filter((iface) => !ids.includes(iface.subnetId) && !others.has(iface.id))
    },
    addressedPods: (node) => index.podsOf(node.name).filter(needsAddress),
    podSubnets: podSubnetsOf(index),
    routeTableOf: (subnetId) =>
      aws.routeTables.find((t) => t.subnetIds.includes(subnetId)) ??
      aws.routeTables.find((t) => t.main),
    interfacesIn,
    subnetMap: memoised((subnet: Subnet) => mapSubnet(subnet, interfacesIn(subnet.id))),
  }
}

/** Whether the DaemonSet runs there at all. */
export function isServed(node: NodeFacts): boolean {
  const compute = node.labels["eks.amazonaws.com/compute-type"]
  return (
    compute !== "fargate" && compute !== "auto" && node.labels["kubernetes.io/os"] !== "windows"
  )
}

export const needsAddress = (pod: PodFacts): boolean =>
  !pod.hostNetwork && pod.phase !== "Succeeded" && pod.phase !== "Failed"

const isPodInterface = (iface: NetworkInterface) =>
  iface.type === "interface" && iface.tags["node.k8s.amazonaws.com/no_manage"] !== "true"

/** Interfaces that Berth opened for pods with a placement of their own. */
const ofPodPlacements = (index: FleetIndex, node: NodeFacts): Set<string> =>
  new Set(
    (index.nodeNetwork(node.name)?.status?.interfaces ?? [])
      .filter((i) => i.placement !== nodePlacement)
      .map((i) => i.id),
  )

/**
 * The VPC CNI goes on handing out what the primary ENI held when custom networking was turned on (ipamd's setupENI);
 * Berth does not.
 */
function primaryOfOld(index: FleetIndex, node: NodeFacts): NetworkInterface[] {
  if (index.snapshot.cluster.daemonSet?.berth) return []
  return index
    .interfacesOf(node)
    .filter((i) => i.attachment?.deviceIndex === 0 && i.addresses.length + i.prefixes.length > 0)
}

/** Node keys that name an ENIConfig, in the order in which they are read. */
export const bindingKeysOf = (index: FleetIndex) => ({
  external: externalLabel,
  annotation: index.mode.annotationKey,
  label: index.mode.labelKey,
})

function podSubnetsOf({ snapshot: { cluster } }: FleetIndex): Map<string, string[]> {
  const named = [
    ...cluster.eniConfigs.map((c) => [c.spec?.subnet, `ENIConfig/${c.metadata.name}`] as const),
    ...cluster.subnetPools.flatMap((p) => {
      // Before the controller has looked, a pool's terms by id are all that is known.
      const ids = p.status?.subnets.map((s) => s.id) ?? p.spec.subnets.map((term) => term.id)
      return ids.map((id) => [id, `SubnetPool/${p.metadata.name}`] as const)
    }),
  ]
  const subnets = new Map<string, string[]>()
  for (const [id, object] of named) {
    if (id) subnets.set(id, [...(subnets.get(id) ?? []), object])
  }
  return subnets
}

function memoised<K extends object, V>(work: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return (key) => {
    const before = known.get(key)
    if (before !== undefined || known.has(key)) return before as V
    const value = work(key)
    known.set(key, value)
    return value
  }
}
