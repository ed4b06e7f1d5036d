import { userData } from "../demo/exhausted.ts"
import { noLatency, type Scenario, type ScenarioSubnet } from "../scenario.ts"

/** Subnets by what they are for. */
export const healthySubnets = {
  nodesA: "subnet-0a1de0000000000a1",
  nodesB: "subnet-0b1de0000000000b1",
  podsA: "subnet-0a64000000000a001",
  podsB: "subnet-0b64000000000b001",
  /** Idle: where an outage of zone a can end. */
  spareA: "subnet-0a64000000000a002",
  /** Eleven addresses. */
  tinyA: "subnet-0a64000000000a003",
  /** Four /28 blocks, of which two can be prefixes: EC2 keeps addresses of the first and the last. */
  smallA: "subnet-0a64000000000a004",
} as const

const group = "sg-0de00000000000001"
const [a, b] = ["us-west-2a", "us-west-2b"]
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
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop, labels: { app: web } }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - { name: web, image: "registry.example/whoami:1", ports: [{ containerPort: 8080 }] }
`

/**
 * Custom networking as it should be, with few addresses kept in stock: whatever is broken shows at the next pod. The
 * state that every outage (outages.ts) begins in.
 */
export const healthy: Scenario = {
  name: "healthy",
  region: "us-west-2",
  clusterName: "harbour",
  vpc: { id: "vpc-0be47000000000001", cidrs: ["10.0.0.0/16", "100.64.0.0/16"] },
  subnets: [
    subnet(s.nodesA, a, "10.0.0.0/24", "nodes-a"),
    subnet(s.nodesB, b, "10.0.1.0/24", "nodes-b"),
    subnet(s.podsA, a, "100.64.0.0/24", "pods-a"),
    subnet(s.podsB, b, "100.64.1.0/24", "pods-b"),
    subnet(s.spareA, a, "100.64.2.0/24", "spare-a"),
    subnet(s.tinyA, a, "100.64.3.0/28", "tiny-a"),
    subnet(s.smallA, a, "100.64.3.64/26", "small-a"),
  ],
  securityGroups: [
    // As EKS makes the cluster's group: its members reach each other, wherever their addresses are from.
    { id: group, name: "harbour-nodes", ingress: [{ protocol: "-1", source: group }] },
  ],
  instances: [instance(s.nodesA), instance(s.nodesA), instance(s.nodesB)],
  manifests: [objects],
  latency: noLatency,
  agentEnvironment: {
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
    ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone",
    WARM_IP_TARGET: "1",
    MINIMUM_IP_TARGET: "2",
  },
  requestLimits: true,
}
