import { noLatency, type Scenario, type ScenarioSubnet } from "../scenario.ts"
import {
  clusterGroup,
  harbour,
  harbourVpc,
  nodeGroupSecurityGroup,
  nodeSubnets,
  userData,
  zones,
} from "./harbour.ts"
import { whoamiWorkload } from "./whoami-workload.ts"

/** Subnets by what they are for. */
export const healthySubnets = {
  nodesA: nodeSubnets["us-west-2a"],
  nodesB: nodeSubnets["us-west-2b"],
  podsA: "subnet-0a64000000000a001",
  podsB: "subnet-0b64000000000b001",
  /** Idle: where an outage of zone a can end. */
  spareA: "subnet-0a64000000000a002",
  /** Eleven addresses. */
  tinyA: "subnet-0a64000000000a003",
  /** Four /28 blocks, of which two can be prefixes: EC2 keeps addresses of the first and the last. */
  smallA: "subnet-0a64000000000a004",
} as const

const group = nodeGroupSecurityGroup
const [a, b] = zones
const s = healthySubnets

const subnet = (id: string, zone: string, cidr: string, name: string): ScenarioSubnet => ({
  ...{ id, zone, cidr },
  tags: { Name: name },
  natAddress: zone === a ? "203.0.113.10" : "203.0.113.11",
})

const instance = (subnetId: string) => ({
  type: "m5.xlarge",
  subnetId,
  securityGroups: [group],
  userData: userData("--max-pods=44"),
  nodeGroup: subnetId === s.nodesA ? "general-a" : "general-b",
})

const objects = `
apiVersion: crd.k8s.amazonaws.com/v1alpha1
kind: ENIConfig
metadata: { name: ${a} }
spec: { subnet: ${s.podsA}, securityGroups: [${group}] }
---
apiVersion: crd.k8s.amazonaws.com/v1alpha1
kind: ENIConfig
metadata: { name: ${b} }
spec: { subnet: ${s.podsB}, securityGroups: [${group}] }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
`

/**
 * Custom networking as it should be, with few addresses kept in stock: whatever is broken shows at the next pod. The
 * state that every outage (outages.ts) begins in.
 */
export const healthy: Scenario = {
  name: "healthy",
  ...harbour,
  vpc: { id: harbourVpc, cidrs: ["10.0.0.0/16", "100.64.0.0/16"] },
  subnets: [
    subnet(s.nodesA, a, "10.0.0.0/24", "nodes-a"),
    subnet(s.nodesB, b, "10.0.1.0/24", "nodes-b"),
    subnet(s.podsA, a, "100.64.0.0/24", "pods-a"),
    subnet(s.podsB, b, "100.64.1.0/24", "pods-b"),
    subnet(s.spareA, a, "100.64.2.0/24", "spare-a"),
    subnet(s.tinyA, a, "100.64.3.0/28", "tiny-a"),
    subnet(s.smallA, a, "100.64.3.64/26", "small-a"),
  ],
  securityGroups: [clusterGroup],
  instances: [instance(s.nodesA), instance(s.nodesA), instance(s.nodesB)],
  manifests: [objects, whoamiWorkload({ namespace: "shop", name: "web", replicas: 3 })],
  latency: noLatency,
  agentEnvironment: {
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
    ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone",
    WARM_IP_TARGET: "1",
    MINIMUM_IP_TARGET: "2",
  },
  requestLimits: true,
}
