import type { Clock } from "../../clock.ts"
import { type Cloud, createCloud } from "../../ec2/memory/cloud.ts"
import { runInstances } from "../../ec2/memory/instances.ts"
import { createSecurityGroup } from "../../ec2/memory/security-groups.ts"
import { createSubnet } from "../../ec2/memory/subnets.ts"
import { associateVpcCidr, createVpc } from "../../ec2/memory/vpcs.ts"

/** Ids of the small cluster that every test begins with. Zone a: two subnets for pods, zone b: one. */
export const ids = {
  vpc: "vpc-0000000000000001",
  nodesA: "subnet-00000000000000a0",
  podsA: "subnet-00000000000000a1",
  podsA2: "subnet-00000000000000a2",
  podsB: "subnet-00000000000000b1",
  tiny: "subnet-00000000000000aa",
  groupNodes: "sg-00000000000000001",
  groupPods: "sg-00000000000000002",
  groupOther: "sg-00000000000000003",
} as const

/** The cloud of the small cluster. */
export function testCloud(clock: Clock, random: () => number): Cloud {
  const cloud = createCloud({ clock, random, region: "us-west-2" })
  const { core } = cloud
  createVpc(core, { id: ids.vpc, cidr: "10.0.0.0/16" })
  associateVpcCidr(core, { vpcId: ids.vpc, cidr: "100.64.0.0/16" })
  const subnet = (id: string, zone: string, cidr: string) =>
    createSubnet(core, { id, vpcId: ids.vpc, zone: `us-west-2${zone}`, cidr })
  subnet(ids.nodesA, "a", "10.0.0.0/24")
  subnet(ids.podsA, "a", "100.64.0.0/24")
  subnet(ids.podsA2, "a", "100.64.1.0/24")
  subnet(ids.podsB, "b", "100.64.2.0/24")
  subnet(ids.tiny, "a", "100.64.3.0/28")
  for (const [id, name] of [
    [ids.groupNodes, "nodes"],
    [ids.groupPods, "pods"],
    [ids.groupOther, "other"],
  ] as const)
    createSecurityGroup(core, { id, vpcId: ids.vpc, name, description: name })
  return cloud
}

/** Runs an instance in the subnet of the nodes; answers its id. */
export function launch(cloud: Cloud, type: string): string {
  const [instance] = runInstances(cloud.core, {
    type,
    subnetId: ids.nodesA,
    securityGroups: [ids.groupNodes],
  })
  return instance?.id ?? ""
}
