import type { NetworkInterface } from "../../vpc/model.ts"
import type { AwsFacts, ClusterFacts, NodeFacts, PodFacts, Snapshot } from "../snapshot.ts"

/** A healthy cluster of two nodes in two zones with custom networking: tests change just what they are about. */
export function smallFleet(
  change: { cluster?: Partial<ClusterFacts>; aws?: Partial<AwsFacts> } = {},
): Snapshot {
  return {
    format: "berth-snapshot/1",
    takenAt: "2026-11-23T03:00:00.000Z",
    source: "test",
    unread: [],
    cluster: {
      name: "harbour",
      version: "v1.35.0",
      nodes: [node("a"), node("b")],
      pods: [pod("web-1", "a", "100.64.0.10"), pod("web-2", "b", "100.64.32.10")],
      eniConfigs: (["a", "b"] as const).map((zone) => ({
        apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
        kind: "ENIConfig",
        metadata: { name: `us-west-2${zone}` },
        spec: { subnet: `subnet-pods-${zone}`, securityGroups: ["sg-pods"] },
      })),
      subnetPools: [],
      securityGroupPolicies: [],
      nodeNetworks: [],
      daemonSet: {
        image: "registry.example/berth-agent:v0.1.0",
        env: {
          AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
          ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone",
        },
        berth: true,
        desired: 2,
        ready: 2,
        updated: 2,
      },
      disruptionBudgets: [],
      networkPolicies: [],
      targetGroupBindings: [],
      warnings: [],
      namespaces: [{ name: "shop", labels: {} }],
      serviceAccounts: [{ namespace: "shop", name: "default", labels: {} }],
      ...change.cluster,
    },
    aws: { ...aws(), ...change.aws },
  }
}

export function node(zone: "a" | "b", change: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name: `node-${zone}`,
    labels: {
      "topology.kubernetes.io/zone": `us-west-2${zone}`,
      "node.kubernetes.io/instance-type": "m5.large",
    },
    annotations: {},
    providerID: `aws:///us-west-2${zone}/i-${zone}`,
    createdAt: "2026-11-20T00:00:00Z",
    unschedulable: false,
    taints: [],
    ready: true,
    internalIP: `10.0.0.${zone === "a" ? 4 : 36}`,
    capacityPods: 20,
    allocatablePods: 20,
    ...change,
  }
}

export function pod(name: string, zone: "a" | "b", ip?: string): PodFacts {
  return {
    namespace: "shop",
    name,
    node: `node-${zone}`,
    phase: ip === undefined ? "Pending" : "Running",
    ...(ip === undefined ? { waiting: "ContainerCreating" } : { ip }),
  }
}

function eni(zone: "a" | "b", device: number): NetworkInterface {
  const pods = device > 0
  const base = zone === "a" ? "100.64.0" : "100.64.32"
  return {
    id: `eni-${zone}${device}`,
    vpcId: "vpc-1",
    subnetId: pods ? `subnet-pods-${zone}` : `subnet-nodes-${zone}`,
    zone: `us-west-2${zone}`,
    mac: `02:00:00:00:0${zone}:0${device}`,
    description: pods ? `aws-K8S-i-${zone}` : "",
    type: "interface",
    status: "in-use",
    primaryAddress: pods ? `${base}.4` : `10.0.0.${zone === "a" ? 4 : 36}`,
    addresses: pods ? Array.from({ length: 9 }, (_, i) => `${base}.${10 + i}`) : [],
    prefixes: [],
    securityGroups: [pods ? "sg-pods" : "sg-nodes"],
    sourceDestCheck: true,
    tags: {},
    attachment: {
      id: `attach-${zone}${device}`,
      instanceId: `i-${zone}`,
      deviceIndex: device,
      networkCard: 0,
      deleteOnTermination: true,
      state: "attached",
    },
  }
}

function aws(): AwsFacts {
  const subnet = (id: string, zone: "a" | "b", cidr: string, availableAddresses: number) => ({
    id,
    vpcId: "vpc-1",
    zone: `us-west-2${zone}`,
    cidr,
    availableAddresses,
    tags: {},
  })
  const open = { direction: "egress", protocol: "-1", peer: "0.0.0.0/0" } as const
  const inside = { direction: "ingress", protocol: "-1", peer: "10.0.0.0/8" } as const
  const pods = { direction: "ingress", protocol: "-1", peer: "100.64.0.0/16" } as const
  return {
    region: "us-west-2",
    vpc: {
      id: "vpc-1",
      tags: {},
      cidrs: [
        { cidr: "10.0.0.0/24", associationId: "vpc-cidr-assoc-1", state: "associated" },
        { cidr: "100.64.0.0/16", associationId: "vpc-cidr-assoc-2", state: "associated" },
      ],
    },
    subnets: [
      subnet("subnet-nodes-a", "a", "10.0.0.0/27", 20),
      subnet("subnet-nodes-b", "b", "10.0.0.32/27", 20),
      subnet("subnet-pods-a", "a", "100.64.0.0/19", 8177),
      subnet("subnet-pods-b", "b", "100.64.32.0/19", 8177),
    ],
    securityGroups: ["sg-nodes", "sg-pods"].map((id) => ({
      id,
      name: id,
      vpcId: "vpc-1",
      tags: {},
      rules: [open, inside, pods],
    })),
    interfaces: [eni("a", 0), eni("a", 1), eni("b", 0), eni("b", 1)],
    instances: (["a", "b"] as const).map((zone) => ({
      id: `i-${zone}`,
      type: "m5.large",
      zone: `us-west-2${zone}`,
      vpcId: "vpc-1",
      subnetId: `subnet-nodes-${zone}`,
      privateAddress: `10.0.0.${zone === "a" ? 4 : 36}`,
      state: "running",
      tags: {},
      interfaces: [],
    })),
    routeTables: [
      {
        id: "rtb-1",
        main: true,
        subnetIds: ["subnet-nodes-a", "subnet-nodes-b", "subnet-pods-a", "subnet-pods-b"],
        routes: [
          { destination: "10.0.0.0/24", target: "local" },
          { destination: "100.64.0.0/16", target: "local" },
          { destination: "0.0.0.0/0", target: "nat-1" },
        ],
      },
    ],
    reservations: [],
    autoScalingGroups: [],
    nodeGroups: [],
  }
}
