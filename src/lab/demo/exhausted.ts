import { ec2Latency, type Scenario, type ScenarioInstance } from "../scenario.ts"
import {
  harbour,
  harbourVpc,
  nodeGroupSecurityGroup,
  nodeSubnets,
  userData,
  type Zone,
  zones,
} from "../scenarios/harbour.ts"
import { whoamiWorkload } from "../scenarios/whoami-workload.ts"

/** Idle subnets of the secondary CIDR block 100.64.0.0/16. */
export const podSubnets: Record<Zone, string> = {
  "us-west-2a": "subnet-0a64000000000a001",
  "us-west-2b": "subnet-0b64000000000b001",
}

/** A second pod subnet in zone a, for the nodes that are bound by annotation. */
export const batchSubnet = "subnet-0a64000000000a002"

export const podSecurityGroup = "sg-064000000000000a1"
export const batchSecurityGroup = "sg-064000000000000b1"

export function instance(zone: Zone, kubeletArgs: string, nodeGroup: string): ScenarioInstance {
  return {
    type: "m5.large",
    subnetId: nodeSubnets[zone],
    securityGroups: [nodeGroupSecurityGroup],
    userData: userData(kubeletArgs),
    nodeGroup,
  }
}

const inVpc = (cidr: string) => ({ protocol: "-1", source: cidr }) as const

const labelSelector = { matchLabels: { app: "web" } }
const spread = [
  {
    maxSkew: 1,
    topologyKey: "topology.kubernetes.io/zone",
    whenUnsatisfiable: "DoNotSchedule",
    minDomains: 2,
    labelSelector,
  },
  // Tainted nodes count as a place to be (nodeTaintsPolicy Ignore), so one new node cannot take all the pods before the
  // next one is open.
  {
    maxSkew: 4,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector,
  },
]

const namespace = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
`
const app = whoamiWorkload({
  ...{ namespace: "shop", name: "web", replicas: 30 },
  podSpec: { topologySpreadConstraints: spread },
})

/**
 * Monday morning: two zones with a /27 of node subnet each, half of its 27 usable addresses taken by others; a
 * Deployment of 30 replicas of which some get no address, while 100.64.0.0/16 is associated with the VPC, subnetted,
 * routed, and idle.
 */
export const exhausted: Scenario = {
  name: "exhausted",
  ...harbour,
  vpc: { id: harbourVpc, cidrs: ["10.0.0.0/24", "100.64.0.0/16"] },
  subnets: [
    {
      id: nodeSubnets["us-west-2a"],
      zone: "us-west-2a",
      cidr: "10.0.0.0/27",
      tags: { Name: "nodes-a" },
      natAddress: "203.0.113.10",
      occupied: 14,
    },
    {
      id: nodeSubnets["us-west-2b"],
      zone: "us-west-2b",
      cidr: "10.0.0.32/27",
      tags: { Name: "nodes-b" },
      natAddress: "203.0.113.11",
      occupied: 14,
    },
    {
      id: podSubnets["us-west-2a"],
      zone: "us-west-2a",
      cidr: "100.64.0.0/19",
      tags: { Name: "pods-a" },
      natAddress: "203.0.113.20",
    },
    {
      id: batchSubnet,
      zone: "us-west-2a",
      cidr: "100.64.64.0/19",
      tags: { Name: "pods-a-batch" },
      natAddress: "203.0.113.21",
    },
    {
      id: podSubnets["us-west-2b"],
      zone: "us-west-2b",
      cidr: "100.64.32.0/19",
      tags: { Name: "pods-b" },
      natAddress: "203.0.113.22",
    },
  ],
  securityGroups: [
    {
      id: nodeGroupSecurityGroup,
      name: "harbour-nodes",
      ingress: [inVpc("10.0.0.0/24"), inVpc("100.64.0.0/16")],
    },
    {
      id: podSecurityGroup,
      name: "harbour-pods",
      ingress: [inVpc("10.0.0.0/24"), inVpc("100.64.0.0/16")],
    },
    {
      id: batchSecurityGroup,
      name: "harbour-batch",
      ingress: [inVpc("10.0.0.0/24"), inVpc("100.64.0.0/16")],
    },
  ],
  instances: zones.map((zone) => instance(zone, "", "general-1")),
  manifests: [namespace, app],
  latency: ec2Latency,
}
