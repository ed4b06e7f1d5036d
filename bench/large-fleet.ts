import { type NodeNetwork, nodePlacement } from "../src/api/nodenetwork.ts"
import type { Snapshot } from "../src/fleet/snapshot.ts"
import { node, smallFleet } from "../src/fleet/testing/small-fleet.ts"
import { formatAddress, parseAddress } from "../src/vpc/cidr.ts"
import type { NetworkInterface } from "../src/vpc/model.ts"

const perInterface = 29
const zones = ["a", "b"] as const

/** Addresses one after the other from `base` on. */
const counter = (base: string) => {
  let next = parseAddress(base) ?? 0
  return () => formatAddress(next++)
}

/** The labels that EKS gives a node. */
const labelsOf = (name: string, zone: string) => ({
  "beta.kubernetes.io/arch": "amd64",
  "beta.kubernetes.io/instance-type": "m5.4xlarge",
  "beta.kubernetes.io/os": "linux",
  "eks.amazonaws.com/capacityType": "ON_DEMAND",
  "eks.amazonaws.com/nodegroup": "general",
  "eks.amazonaws.com/nodegroup-image": "ami-0be47000000000001",
  "eks.amazonaws.com/sourceLaunchTemplateId": "lt-0be47000000000001",
  "failure-domain.beta.kubernetes.io/region": "us-west-2",
  "failure-domain.beta.kubernetes.io/zone": zone,
  "kubernetes.io/arch": "amd64",
  "kubernetes.io/hostname": name,
  "kubernetes.io/os": "linux",
  "node.kubernetes.io/instance-type": "m5.4xlarge",
  "topology.kubernetes.io/region": "us-west-2",
  "topology.kubernetes.io/zone": zone,
})

const tagsOf = (instance: string) => ({
  "cluster.k8s.amazonaws.com/name": "harbour",
  "node.k8s.amazonaws.com/createdAt": "2026-11-20T00:00:00Z",
  "node.k8s.amazonaws.com/instance_id": instance,
})

function networkOf(
  name: string,
  instanceID: string,
  zone: string,
  enis: readonly NetworkInterface[],
): NodeNetwork {
  const placed = { placement: nodePlacement, securityGroups: ["sg-pods"] }
  return {
    apiVersion: "berth.dev/v1alpha1",
    kind: "NodeNetwork",
    metadata: { name },
    spec: {
      instanceID,
      mode: {
        ...{ customNetworking: true, prefixDelegation: false, provisioning: true },
        ...{
          manageUntagged: true,
          manageWhenUnschedulable: false,
          annotationKey: "",
          labelKey: "",
        },
      },
      targets: { maxPods: 110 },
      demand: [{ placement: nodePlacement, inUse: 30, waiting: 0, cooling: 0 }],
      offers: [],
    },
    status: {
      placements: [
        {
          ...placed,
          object: `ENIConfig/us-west-2${zone}`,
          subnets: [`subnet-pods-${zone}`],
          ready: true,
        },
      ],
      interfaces: enis.slice(1).map((eni, i) => ({
        ...placed,
        ...{ id: eni.id, mac: eni.mac, deviceIndex: i + 1, networkCard: 0, primary: false },
        ...{ subnetID: eni.subnetId, subnetCIDR: "100.64.0.0/11", state: "Ready" as const },
        ...{ primaryAddress: eni.primaryAddress, addresses: [...eni.addresses], prefixes: [] },
      })),
      conditions: [],
    },
  }
}

/** A snapshot of a large cluster as `berth snapshot` writes it: m5.4xlarge nodes, each with two ENIs for pods. */
export function largeFleet({ nodes, pods }: { nodes: number; pods: number }): Snapshot {
  const small = smallFleet()
  const [aws, cluster] = [small.aws, small.cluster]
  if (aws === undefined) throw new Error("the small fleet has AWS facts")
  const [primary, secondary] = aws.interfaces
  const hosts = { a: counter("10.0.0.4"), b: counter("10.1.0.4") }
  const addresses = { a: counter("100.64.0.4"), b: counter("100.96.0.4") }
  const wide = { a: "100.64.0.0/11", b: "100.96.0.0/11" }
  const fleet = Array.from({ length: nodes }, (_, i) => {
    const zone = zones[i % 2] ?? "a"
    const host = hosts[zone]()
    const name = `ip-${host.replaceAll(".", "-")}.us-west-2.compute.internal`
    const id = `i-0${i.toString(16).padStart(16, "0")}`
    const eni = (device: number): NetworkInterface => ({
      ...((device === 0 ? primary : secondary) as NetworkInterface),
      id: `eni-${device}${i.toString(16).padStart(16, "0")}`,
      zone: `us-west-2${zone}`,
      tags: tagsOf(id),
      subnetId: device === 0 ? `subnet-nodes-${zone}` : `subnet-pods-${zone}`,
      primaryAddress: device === 0 ? host : addresses[zone](),
      addresses: device === 0 ? [] : Array.from({ length: perInterface }, addresses[zone]),
      attachment: {
        ...{ id: `eni-attach-${device}${i}`, instanceId: id, deviceIndex: device },
        ...{ networkCard: 0, deleteOnTermination: true, state: "attached" },
      },
    })
    return { zone, host, name, id, enis: [eni(0), eni(1), eni(2)] }
  })
  return {
    ...small,
    cluster: {
      ...cluster,
      nodes: fleet.map(({ zone, host, name, id }) => ({
        ...node(zone, { name, internalIP: host, capacityPods: 110, allocatablePods: 110 }),
        labels: labelsOf(name, `us-west-2${zone}`),
        providerID: `aws:///us-west-2${zone}/${id}`,
      })),
      nodeNetworks: fleet.map(({ zone, name, id, enis }) => networkOf(name, id, zone, enis)),
      pods: Array.from({ length: pods }, (_, i) => {
        const { name, enis } = fleet[i % nodes] as (typeof fleet)[number]
        const held = [...(enis[1]?.addresses ?? []), ...(enis[2]?.addresses ?? [])]
        return {
          ...{
            namespace: `team-${i % 200}`,
            name: `web-${i % 3000}-${i.toString(36)}`,
            node: name,
          },
          ...{ ip: held[Math.floor(i / nodes)] ?? "", phase: "Running", serviceAccount: "default" },
          owner: `ReplicaSet/web-${i % 3000}`,
          labels: { app: `web-${i % 3000}`, "pod-template-hash": "7d4b9c6f5d" },
        }
      }),
    },
    aws: {
      ...aws,
      subnets: aws.subnets.map((s) => {
        const zone = s.zone.endsWith("a") ? "a" : "b"
        const cidr = s.id.startsWith("subnet-pods")
          ? wide[zone]
          : `10.${zone === "a" ? 0 : 1}.0.0/16`
        return { ...s, cidr, availableAddresses: 50_000 }
      }),
      instances: fleet.map(({ zone, host, id }) => ({
        ...{ id, type: "m5.4xlarge", zone: `us-west-2${zone}`, vpcId: "vpc-1" },
        ...{ subnetId: `subnet-nodes-${zone}`, privateAddress: host, state: "running" },
        ...{ tags: {}, interfaces: [] },
      })),
      interfaces: fleet.flatMap((f) => f.enis),
    },
  }
}
