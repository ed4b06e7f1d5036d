import { noLatency, type Scenario, type ScenarioSubnet } from "../scenario.ts"
import {
  harbour,
  harbourVpc,
  nodeGroupSecurityGroup,
  nodeSubnets,
  userData,
  zones,
} from "./harbour.ts"

/** Subnets by what they are for. The small ones run out on purpose. */
export const placementSubnets = {
  nodesA: nodeSubnets["us-west-2a"],
  nodesB: nodeSubnets["us-west-2b"],
  /** 27 addresses in zone a, 27 in zone b: the pool `web` takes them first. */
  webFirstA: "subnet-0a64000000000a101",
  webFirstB: "subnet-0b64000000000b101",
  webSpareA: "subnet-0a64000000000a102",
  webSpareB: "subnet-0b64000000000b102",
  blueA: "subnet-0a65000000000a201",
  redA: "subnet-0a65000000000a202",
  /** 11 addresses: the pool `growing` has no other at first. */
  growingA: "subnet-0a66000000000a301",
  laterA: "subnet-0a66000000000a302",
} as const

export const placementGroups = {
  nodes: nodeGroupSecurityGroup,
  database: "sg-0db00000000000001",
  databaseClients: "sg-0db00000000000002",
} as const

/** Public addresses by which a host on the internet tells the subnets apart. */
export const placementExits = { nodes: "203.0.113.10", blue: "203.0.113.31", red: "203.0.113.32" }

const subnet = (
  id: string,
  zone: string,
  cidr: string,
  more: Partial<ScenarioSubnet> = {},
): ScenarioSubnet => ({ id, zone, cidr, tags: {}, ...more })

const [a, b] = zones
const s = placementSubnets
const forPool = (pool: string) => ({ tags: { "example.com/pool": pool } })

/** Who may reach what: everything in the VPC, except the database. */
const open = [
  { protocol: "-1", source: "10.0.0.0/8" },
  { protocol: "-1", source: "100.64.0.0/10" },
] as const

const instance = (zone: string, type: string, nodeGroup: string, maxPods: number) => ({
  type,
  subnetId: zone === a ? s.nodesA : s.nodesB,
  securityGroups: [placementGroups.nodes],
  userData: userData(`--max-pods=${maxPods}`),
  nodeGroup,
})

const objects = `
apiVersion: crd.k8s.amazonaws.com/v1alpha1
kind: ENIConfig
metadata: { name: default }
spec: { subnet: ${s.nodesA}, securityGroups: [${placementGroups.nodes}] }
---
# Nodes of one group: two subnets in each zone, the small one first.
apiVersion: berth.dev/v1alpha1
kind: SubnetPool
metadata: { name: web }
spec:
  nodeSelector: { matchLabels: { eks.amazonaws.com/nodegroup: web } }
  strategy: Ordered
  subnets:
    - tags: { example.com/pool: web-first }
    - tags: { example.com/pool: web-spare }
  securityGroups: [{ id: ${placementGroups.nodes} }]
---
# Namespaces that choose, wherever their pods run.
apiVersion: berth.dev/v1alpha1
kind: SubnetPool
metadata: { name: blue }
spec:
  namespaceSelector: { matchLabels: { team: blue } }
  subnets: [{ id: ${s.blueA} }]
---
apiVersion: berth.dev/v1alpha1
kind: SubnetPool
metadata: { name: red }
spec:
  namespaceSelector: { matchLabels: { team: red } }
  subnets: [{ id: ${s.redA} }]
---
apiVersion: berth.dev/v1alpha1
kind: SubnetPool
metadata: { name: growing }
spec:
  namespaceSelector: { matchLabels: { team: growing } }
  subnets: [{ tags: { example.com/pool: growing } }]
---
apiVersion: v1
kind: Namespace
metadata: { name: web }
---
apiVersion: v1
kind: Namespace
metadata: { name: blue, labels: { team: blue } }
---
apiVersion: v1
kind: Namespace
metadata: { name: red, labels: { team: red } }
---
apiVersion: v1
kind: Namespace
metadata: { name: growing, labels: { team: growing } }
---
apiVersion: v1
kind: Namespace
metadata: { name: bank }
---
apiVersion: vpcresources.k8s.aws/v1beta1
kind: SecurityGroupPolicy
metadata: { name: database, namespace: bank }
spec:
  podSelector: { matchLabels: { app: database } }
  securityGroups: { groupIds: [${placementGroups.database}] }
---
apiVersion: vpcresources.k8s.aws/v1beta1
kind: SecurityGroupPolicy
metadata: { name: database-clients, namespace: bank }
spec:
  podSelector: { matchLabels: { role: client } }
  securityGroups: { groupIds: [${placementGroups.databaseClients}, ${placementGroups.nodes}] }
`

/**
 * Placements beyond one ENIConfig per zone: a pool of nodes that spills over, namespaces that choose their subnets,
 * security groups for pods, and a pool that is too small.
 */
export const placement: Scenario = {
  name: "placement",
  ...harbour,
  vpc: {
    id: harbourVpc,
    cidrs: ["10.0.0.0/16", "100.64.0.0/16", "100.65.0.0/16", "100.66.0.0/16"],
  },
  subnets: [
    subnet(s.nodesA, a, "10.0.0.0/24", { natAddress: placementExits.nodes }),
    subnet(s.nodesB, b, "10.0.1.0/24", { natAddress: placementExits.nodes }),
    subnet(s.webFirstA, a, "100.64.0.0/27", forPool("web-first")),
    subnet(s.webFirstB, b, "100.64.0.32/27", forPool("web-first")),
    subnet(s.webSpareA, a, "100.64.1.0/24", forPool("web-spare")),
    subnet(s.webSpareB, b, "100.64.2.0/24", forPool("web-spare")),
    subnet(s.blueA, a, "100.65.1.0/24", { natAddress: placementExits.blue }),
    subnet(s.redA, a, "100.65.2.0/24", { natAddress: placementExits.red }),
    subnet(s.growingA, a, "100.66.0.0/28", forPool("growing")),
    subnet(s.laterA, a, "100.66.1.0/24"),
  ],
  securityGroups: [
    { id: placementGroups.nodes, name: "harbour-nodes", ingress: open },
    {
      id: placementGroups.database,
      name: "database",
      ingress: [{ protocol: "tcp", from: 8080, to: 8080, source: placementGroups.databaseClients }],
    },
    { id: placementGroups.databaseClients, name: "database-clients", ingress: [] },
  ],
  instances: [
    // Two interfaces for pods with nine addresses each, and the agent, which needs none.
    instance(a, "m5.large", "web", 19),
    instance(a, "m5.large", "web", 19),
    instance(b, "m5.large", "web", 19),
    // Fifteen interfaces: every proof brings placements of its own.
    instance(a, "m5.24xlarge", "shared", 110),
  ],
  manifests: [objects],
  latency: noLatency,
}
