import type { ScenarioGroup } from "../scenario.ts"

/** Zones of the scenarios' cluster. */
export const zones = ["us-west-2a", "us-west-2b"] as const
export type Zone = (typeof zones)[number]

/** The cluster that the scenarios are states of. */
export const harbour = { region: "us-west-2", clusterName: "harbour" } as const

export const harbourVpc = "vpc-0be47000000000001"

/** The subnet of each zone that nodes are in. */
export const nodeSubnets: Record<Zone, string> = {
  "us-west-2a": "subnet-0a1de0000000000a1",
  "us-west-2b": "subnet-0b1de0000000000b1",
}

export const nodeGroupSecurityGroup = "sg-0de00000000000001"

/** As EKS makes the cluster's group: its members reach each other, wherever their addresses are from. */
export const clusterGroup: ScenarioGroup = {
  id: nodeGroupSecurityGroup,
  name: "harbour-nodes",
  ingress: [{ protocol: "-1", source: nodeGroupSecurityGroup }],
}

/** What bootstrap.sh of the EKS AMI is told; without --max-pods the node advertises the type's default. */
export function userData(kubeletArgs: string): string {
  const maxPods =
    kubeletArgs === "" ? "" : ` --use-max-pods false --kubelet-extra-args '${kubeletArgs}'`
  return `#!/bin/bash\n/etc/eks/bootstrap.sh harbour${maxPods}\n`
}
