import type { ENIConfig } from "../../api/eniconfig.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import type { SecurityGroup, Subnet } from "../../vpc/model.ts"
import { found, lookup } from "../read.ts"
import type { NodeFacts, PlacementSources } from "../resolve.ts"

/** A VPC of two zones with a node subnet and two pod subnets each, one foreign subnet, three groups. */
export const subnetOf = (id: string, zone: string, more: Partial<Subnet> = {}): Subnet => ({
  id,
  vpcId: "vpc-1",
  zone,
  cidr: "100.64.0.0/24",
  availableAddresses: 251,
  tags: {},
  ...more,
})

export const subnets: readonly Subnet[] = [
  subnetOf("subnet-node-a", "us-west-2a", { cidr: "10.0.0.0/24" }),
  subnetOf("subnet-node-b", "us-west-2b", { cidr: "10.0.1.0/24" }),
  subnetOf("subnet-pod-a1", "us-west-2a", { cidr: "100.64.0.0/24", tags: { role: "pods" } }),
  subnetOf("subnet-pod-a2", "us-west-2a", { cidr: "100.64.1.0/24", tags: { role: "pods" } }),
  subnetOf("subnet-pod-b1", "us-west-2b", { cidr: "100.64.2.0/24", tags: { role: "pods" } }),
  subnetOf("subnet-foreign", "us-west-2a", { vpcId: "vpc-2" }),
]

const group = (id: string, more: Partial<SecurityGroup> = {}): SecurityGroup => ({
  id,
  name: `name of ${id}`,
  vpcId: "vpc-1",
  tags: {},
  ...more,
})

export const groups: readonly SecurityGroup[] = [
  ...Array.from({ length: 9 }, (_, i) => group(`sg-${i}`)),
  group("sg-db", { name: "database", tags: { tier: "db" } }),
  group("sg-foreign", { vpcId: "vpc-2" }),
]

export const nodeA: NodeFacts = {
  name: "node-1",
  labels: { "topology.kubernetes.io/zone": "us-west-2a" },
  annotations: {},
  zone: "us-west-2a",
  vpcId: "vpc-1",
  primary: { subnetId: "subnet-node-a", securityGroups: ["sg-1", "sg-0"] },
}

export const eniConfig = (
  name: string,
  subnet: string,
  securityGroups: string[] = [],
): ENIConfig => ({
  apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
  kind: "ENIConfig",
  metadata: { name },
  spec: { subnet, securityGroups },
})

export const subnetPool = (name: string, spec: Partial<SubnetPool["spec"]>): SubnetPool => ({
  apiVersion: "berth.dev/v1alpha1",
  kind: "SubnetPool",
  metadata: { name },
  spec: { subnets: [], ...spec },
})

export interface Objects {
  readonly configs?: readonly ENIConfig[]
  readonly pools?: readonly SubnetPool[]
}

export const sourcesWith = (
  objects: Objects,
  more: Partial<PlacementSources> = {},
): PlacementSources => ({
  eniConfig: lookup(found(objects.configs ?? []), (c) => c.metadata.name),
  pools: found(objects.pools ?? []),
  policies: found([]),
  subnet: lookup(found(subnets), (s) => s.id),
  group: lookup(found(groups), (g) => g.id),
  subnets: found(subnets),
  groups: found(groups),
  ...more,
})

export const customNetworking = {
  customNetworking: true,
  annotationKey: "k8s.amazonaws.com/eniConfig",
  labelKey: "topology.kubernetes.io/zone",
}
