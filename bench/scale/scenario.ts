import { ec2Latency, type Scenario, type ScenarioInstance } from "../../src/lab/scenario.ts"

const zone = "us-west-2a"
const nodeSubnet = "subnet-0be2c000000000001"
const nodeGroup = "sg-0be2c000000000001"
/** The groups that the pods' ENIConfig names before and after it is edited. */
export const podGroups = { before: "sg-0be2c000000000002", after: "sg-0be2c000000000003" }

/** Pod subnets by the name of the ENIConfig that leads to them. */
export const subnets = {
  [zone]: { id: "subnet-0be2c000000000010", cidr: "100.64.0.0/19" },
  other: { id: "subnet-0be2c000000000020", cidr: "100.64.32.0/19" },
  fresh: { id: "subnet-0be2c000000000040", cidr: "100.64.96.0/19" },
  /** 11 addresses, all of which somebody else holds. */
  full: { id: "subnet-0be2c000000000030", cidr: "100.64.64.0/28" },
} as const

/** What an ENI in a fresh subnet takes, whoever asks for it: no node can serve its first pod sooner. */
export const criticalPathMs = ec2Latency.create + ec2Latency.attach + ec2Latency.linkVisible

export const eniConfig = (name: string, subnet: string, group = podGroups.before) => `
apiVersion: crd.k8s.amazonaws.com/v1alpha1
kind: ENIConfig
metadata: { name: ${name} }
spec: { subnet: ${subnet}, securityGroups: [${group}] }
`

const anyInVpc = [
  { protocol: "-1", source: "10.0.0.0/16" },
  { protocol: "-1", source: "100.64.0.0/16" },
] as const

/** m5.4xlarge has 8 interfaces of 30 addresses. Room for 110 pods, the agent and a second controller. */
export const bigNode: ScenarioInstance = {
  type: "m5.4xlarge",
  subnetId: nodeSubnet,
  securityGroups: [nodeGroup],
  userData:
    "#!/bin/bash\n/etc/eks/bootstrap.sh bench --use-max-pods false --kubelet-extra-args '--max-pods=112'\n",
  nodeGroup: "bench",
}

/** One small node for the controller; the node that is measured comes later. Latencies as measured of EC2. */
export const scenario: Scenario = {
  name: "bench",
  region: "us-west-2",
  clusterName: "bench",
  vpc: { id: "vpc-0be2c000000000001", cidrs: ["10.0.0.0/16", "100.64.0.0/16"] },
  subnets: [
    { id: nodeSubnet, zone, cidr: "10.0.0.0/20", tags: { Name: "nodes" } },
    ...Object.entries(subnets).map(([name, { id, cidr }]) => ({
      ...{ id, zone, cidr, tags: { Name: name } },
      ...(name === "full" ? { occupied: 11 } : {}),
    })),
  ],
  securityGroups: [
    { id: nodeGroup, name: "nodes", ingress: anyInVpc },
    { id: podGroups.before, name: "pods", ingress: anyInVpc },
    { id: podGroups.after, name: "pods-edited", ingress: anyInVpc },
  ],
  instances: [
    {
      type: "m5.large",
      subnetId: nodeSubnet,
      securityGroups: [nodeGroup],
      userData: "#!/bin/bash\n/etc/eks/bootstrap.sh bench\n",
      nodeGroup: "system",
    },
  ],
  manifests: Object.entries(subnets).map(([name, { id }]) => eniConfig(name, id)),
  latency: ec2Latency,
}
