import { noLatency, type Scenario } from "../scenario.ts"
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

/** A cluster as it is made: one CIDR block for nodes and pods, and custom networking still to come. */
export const plain: Scenario = {
  name: "plain",
  ...harbour,
  vpc: { id: harbourVpc, cidrs: ["10.0.0.0/16"] },
  subnets: zones.map((zone, i) => ({
    id: nodeSubnets[zone],
    zone,
    cidr: `10.0.${i}.0/24`,
    tags: { Name: `nodes-${zone}` },
    natAddress: `203.0.113.${10 + i}`,
  })),
  securityGroups: [clusterGroup],
  instances: zones.map((zone) => ({
    type: "m5.large",
    subnetId: nodeSubnets[zone],
    securityGroups: [nodeGroupSecurityGroup],
    userData: userData("--max-pods=20"),
    nodeGroup: "general",
  })),
  manifests: [whoamiWorkload({ namespace: "default", name: "web", replicas: 4 })],
  latency: noLatency,
}
