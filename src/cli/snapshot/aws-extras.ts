import type { AutoScalingClientConfig } from "@aws-sdk/client-auto-scaling"
import type {
  AutoScalingGroupFacts,
  AwsFacts,
  EksFacts,
  NatGatewayFacts,
  NetworkAclFacts,
  NodeGroupFacts,
  PeeringFacts,
  RouteTableFacts,
} from "../../fleet/snapshot.ts"
import {
  readNatGateways,
  readNetworkAcls,
  readPeerings,
  readReservations,
  readRouteTables,
  readSecurityGroups,
} from "./ec2-facts.ts"
import { readAddon, readAutoScalingGroups, readEks, readNodeGroups } from "./node-group-facts.ts"

/** AWS facts beyond the EC2 calls that Berth's controller makes: read by the command line only. */
export interface AwsExtras {
  securityGroups(vpcId: string): Promise<AwsFacts["securityGroups"][number][]>
  routeTables(vpcId: string): Promise<RouteTableFacts[]>
  peerings(vpcId: string): Promise<PeeringFacts[]>
  networkAcls(vpcId: string): Promise<NetworkAclFacts[]>
  natGateways(vpcId: string): Promise<NatGatewayFacts[]>
  reservations(subnetIds: readonly string[]): Promise<AwsFacts["reservations"][number][]>
  autoScalingGroups(instanceIds: readonly string[]): Promise<AutoScalingGroupFacts[]>
  nodeGroups(cluster: string): Promise<NodeGroupFacts[]>
  eks(cluster: string): Promise<EksFacts>
  addon(cluster: string): Promise<EksFacts["addon"]>
}

/** Each client is loaded when it is first needed: the three together cost 200 ms and 75 MB. */
export function sdkExtras(config: { region: string; endpoint?: string }): AwsExtras {
  const common: AutoScalingClientConfig = {
    ...config,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 30_000 },
  }
  const ec2 = once(async () => {
    const sdk = await import("@aws-sdk/client-ec2")
    return { sdk, client: new sdk.EC2Client(common) }
  })
  const eks = once(async () => {
    const sdk = await import("@aws-sdk/client-eks")
    return { sdk, client: new sdk.EKSClient(common) }
  })
  const scaling = once(async () => {
    const sdk = await import("@aws-sdk/client-auto-scaling")
    return { sdk, client: new sdk.AutoScalingClient(common) }
  })
  return {
    securityGroups: async (vpcId) => readSecurityGroups(await ec2(), vpcId),
    routeTables: async (vpcId) => readRouteTables(await ec2(), vpcId),
    peerings: async (vpcId) => readPeerings(await ec2(), vpcId),
    networkAcls: async (vpcId) => readNetworkAcls(await ec2(), vpcId),
    natGateways: async (vpcId) => readNatGateways(await ec2(), vpcId),
    reservations: async (subnetIds) =>
      subnetIds.length === 0 ? [] : readReservations(await ec2(), subnetIds),
    autoScalingGroups: async (ids) => readAutoScalingGroups(await scaling(), new Set(ids)),
    nodeGroups: async (cluster) => readNodeGroups(await eks(), cluster),
    eks: async (cluster) => readEks(await eks(), cluster),
    addon: async (cluster) => readAddon(await eks(), cluster),
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
