import { noLatency, type Scenario } from "../scenario.ts"

const zones = ["us-west-2a", "us-west-2b"] as const

/** Two zones with one node each, room everywhere, a quick cloud, and an application of two pods. */
export const quietScenario: Scenario = {
  name: "quiet",
  region: "us-west-2",
  clusterName: "quiet",
  vpc: { id: "vpc-0a000000000000001", cidrs: ["10.0.0.0/16"] },
  subnets: zones.map((zone, i) => ({
    id: `subnet-0a0000000000000${i}1`,
    zone,
    cidr: `10.0.${i}.0/24`,
    tags: {},
    natAddress: `203.0.113.${10 + i}`,
  })),
  securityGroups: [
    {
      id: "sg-0a000000000000001",
      name: "nodes",
      ingress: [{ protocol: "-1", source: "10.0.0.0/16" }],
    },
  ],
  instances: zones.map((_, i) => ({
    type: "m5.large",
    subnetId: `subnet-0a0000000000000${i}1`,
    securityGroups: ["sg-0a000000000000001"],
    userData:
      "#!/bin/bash\n/etc/eks/bootstrap.sh quiet --kubelet-extra-args '--node-labels=team=a'\n",
    nodeGroup: "general",
  })),
  manifests: [
    `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: default }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - { name: web, image: "registry.example/whoami:1", ports: [{ containerPort: 8080 }] }
`,
  ],
  latency: noLatency,
}
