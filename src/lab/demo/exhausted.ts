import { ec2Latency, type Scenario, type ScenarioInstance } from "../scenario.ts"

export const zones = ["us-west-2a", "us-west-2b"] as const
export type Zone = (typeof zones)[number]

/** Small on purpose: 27 usable addresses each, half of them taken by others. */
export const nodeSubnets: Record<Zone, string> = {
  "us-west-2a": "subnet-0a1de0000000000a1",
  "us-west-2b": "subnet-0b1de0000000000b1",
}

/** Idle subnets of the secondary CIDR block 100.64.0.0/16. */
export const podSubnets: Record<Zone, string> = {
  "us-west-2a": "subnet-0a64000000000a001",
  "us-west-2b": "subnet-0b64000000000b001",
}

/** A second pod subnet in zone a, for the nodes that are bound by annotation. */
export const batchSubnet = "subnet-0a64000000000a002"

export const nodeGroupSecurityGroup = "sg-0de00000000000001"
export const podSecurityGroup = "sg-064000000000000a1"
export const batchSecurityGroup = "sg-064000000000000b1"

/** What bootstrap.sh of the EKS AMI is told; without --max-pods the node advertises the type's default. */
export function userData(kubeletArgs: string): string {
  const maxPods =
    kubeletArgs === "" ? "" : ` --use-max-pods false --kubelet-extra-args '${kubeletArgs}'`
  return `#!/bin/bash\n/etc/eks/bootstrap.sh harbour${maxPods}\n`
}

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

const app = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop, labels: { app: web } }
spec:
  replicas: 30
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: DoNotSchedule
          minDomains: 2
          labelSelector: { matchLabels: { app: web } }
        # Tainted nodes count as a place to be (nodeTaintsPolicy Ignore), so one new node cannot take all the pods
        # before the next one is open.
        - maxSkew: 4
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: DoNotSchedule
          labelSelector: { matchLabels: { app: web } }
      containers:
        - name: web
          image: registry.example/whoami:1
          ports: [{ containerPort: 8080 }]
`

/**
 * Monday morning: two zones with a /27 of node subnet each, shared with others; a Deployment of 30 replicas of which
 * some get no address, while 100.64.0.0/16 is associated with the VPC, subnetted, routed, and idle.
 */
export const exhausted: Scenario = {
  name: "exhausted",
  region: "us-west-2",
  clusterName: "harbour",
  vpc: { id: "vpc-0be47000000000001", cidrs: ["10.0.0.0/24", "100.64.0.0/16"] },
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
  manifests: [app],
  latency: ec2Latency,
}
