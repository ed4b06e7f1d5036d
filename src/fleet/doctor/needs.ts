import type { Snapshot } from "../snapshot.ts"

/** A reading that a check depends on, by the name that `Snapshot.unread` uses. */
export type Need = keyof typeof presence

const always = () => true
const aws = (s: Snapshot) => s.aws !== undefined

/** Whether a snapshot can hold the reading at all; older ones lack the newer ones. */
const presence = {
  nodes: always,
  pods: always,
  "daemonsets.apps": always,
  "eniconfigs.crd.k8s.amazonaws.com": always,
  "poddisruptionbudgets.policy": always,
  "securitygrouppolicies.vpcresources.k8s.aws": always,
  "networkpolicies.networking.k8s.io": (s: Snapshot) => s.cluster.networkPolicies !== undefined,
  "targetgroupbindings.elbv2.k8s.aws": (s: Snapshot) => s.cluster.targetGroupBindings !== undefined,
  "ec2:DescribeInstances": aws,
  "ec2:DescribeNetworkInterfaces": aws,
  "ec2:DescribeRouteTables": aws,
  "ec2:DescribeSecurityGroups": aws,
  "ec2:DescribeSubnets": aws,
  "ec2:DescribeVpcs": aws,
  "ec2:DescribeVpcPeeringConnections": (s: Snapshot) => s.aws?.peerings !== undefined,
  "ec2:DescribeNetworkAcls": (s: Snapshot) => s.aws?.networkAcls !== undefined,
  "eks:DescribeCluster": (s: Snapshot) => s.aws?.eks !== undefined,
  "eks:DescribeAddon": always,
  "eks:DescribeNodegroup": aws,
  "autoscaling:DescribeAutoScalingGroups": aws,
} satisfies Record<string, (snapshot: Snapshot) => boolean>

/** Why a reading is not there; undefined when it is. */
export function whyMissing(snapshot: Snapshot, need: Need): string | undefined {
  const unread = snapshot.unread.find((entry) => entry.what === need)
  if (unread !== undefined) return `${need}: ${unread.why}`
  if (presence[need](snapshot)) return undefined
  return snapshot.aws === undefined && need.includes(":")
    ? `${need}: AWS was not read`
    : `${need}: not in this snapshot`
}
