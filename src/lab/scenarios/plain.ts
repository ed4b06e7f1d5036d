import { noLatency, type Scenario } from "../scenario.ts"

const zones = ["us-west-2a", "us-west-2b"] as const
const nodeGroupSecurityGroup = "sg-0de00000000000001"
const nodeSubnet = {
  "us-west-2a": "subnet-0a1de0000000000a1",
  "us-west-2b": "subnet-0b1de0000000000b1",
}

const app = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: default }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - { name: web, image: "registry.example/whoami:1", ports: [{ containerPort: 8080 }] }
`

/** A cluster as it is made: one CIDR block for nodes and pods, and custom networking still to come. */
export const plain: Scenario = {
  name: "plain",
  region: "us-west-2",
  clusterName: "harbour",
  vpc: { id: "vpc-0be47000000000001", cidrs: ["10.0.0.0/16"] },
  subnets: zones.map((zone, i) => ({
    id: nodeSubnet[zone],
    zone,
    cidr: `10.0.${i}.0/24`,
    tags: { Name: `nodes-${zone}` },
    natAddress: `203.0.113.${10 + i}`,
  })),
  securityGroups: [
    {
      id: nodeGroupSecurityGroup,
      name: "harbour-nodes",
      // As EKS makes the cluster's group: its members reach each other, wherever their addresses are from.
      ingress: [{ protocol: "-1", source: nodeGroupSecurityGroup }],
    },
  ],
  instances: zones.map((zone) => ({
    type: "m5.large",
    subnetId: nodeSubnet[zone],
    securityGroups: [nodeGroupSecurityGroup],
    userData:
      "#!/bin/bash\n/etc/eks/bootstrap.sh harbour --use-max-pods false --kubelet-extra-args '--max-pods=20'\n",
    nodeGroup: "general",
  })),
  manifests: [app],
  latency: noLatency,
}
