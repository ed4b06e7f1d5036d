import type { AutoScalingClientConfig } from "@aws-sdk/client-auto-scaling"
import type {
  AutoScalingGroupFacts,
  AwsFacts,
  EksFacts,
  GroupRule,
  NodeGroupFacts,
  RouteTableFacts,
} from "../../fleet/snapshot.ts"

/** AWS facts beyond the EC2 calls that Berth's controller makes: read by the command line only. */
export interface AwsExtras {
  securityGroups(vpcId: string): Promise<AwsFacts["securityGroups"][number][]>
  routeTables(vpcId: string): Promise<RouteTableFacts[]>
  reservations(subnetIds: readonly string[]): Promise<AwsFacts["reservations"][number][]>
  autoScalingGroups(instanceIds: readonly string[]): Promise<AutoScalingGroupFacts[]>
  nodeGroups(cluster: string): Promise<NodeGroupFacts[]>
  eks(cluster: string): Promise<EksFacts>
}

/** Each client is loaded when it is first needed: the three together cost 200 ms and 75 MB. */
export function sdkExtras(config: { region: string; endpoint?: string }): AwsExtras {
  const common: AutoScalingClientConfig = { ...config, maxAttempts: 3 }
  const ec2 = once(async () => {
    const sdk = await import("@aws-sdk/client-ec2")
    return { sdk, client: new sdk.EC2Client(common) }
  })
  const eks = once(async () => {
    const sdk = await import("@aws-sdk/client-eks")
    return { sdk, client: new sdk.EKSClient(common) }
  })
  return {
    async securityGroups(vpcId) {
      const { sdk, client } = await ec2()
      const groups: AwsFacts["securityGroups"][number][] = []
      const query = { Filters: [{ Name: "vpc-id", Values: [vpcId] }] }
      for await (const page of sdk.paginateDescribeSecurityGroups({ client }, query)) {
        for (const g of page.SecurityGroups ?? []) {
          groups.push({
            id: g.GroupId ?? "",
            name: g.GroupName ?? "",
            vpcId,
            tags: tagsOf(g.Tags),
            rules: [
              ...rulesOf("ingress", g.IpPermissions),
              ...rulesOf("egress", g.IpPermissionsEgress),
            ],
          })
        }
      }
      return groups
    },
    async routeTables(vpcId) {
      const { sdk, client } = await ec2()
      const tables: RouteTableFacts[] = []
      const query = { Filters: [{ Name: "vpc-id", Values: [vpcId] }] }
      for await (const page of sdk.paginateDescribeRouteTables({ client }, query)) {
        for (const t of page.RouteTables ?? []) {
          tables.push({
            id: t.RouteTableId ?? "",
            main: t.Associations?.some((a) => a.Main) ?? false,
            subnetIds: (t.Associations ?? []).flatMap((a) => a.SubnetId ?? []),
            routes: (t.Routes ?? []).map((r) => ({
              destination:
                r.DestinationCidrBlock ??
                r.DestinationPrefixListId ??
                r.DestinationIpv6CidrBlock ??
                "",
              target:
                r.NatGatewayId ??
                r.TransitGatewayId ??
                r.VpcPeeringConnectionId ??
                r.NetworkInterfaceId ??
                r.GatewayId ??
                "",
              ...(r.State === "blackhole" ? { blackhole: true } : {}),
            })),
          })
        }
      }
      return tables
    },
    async reservations(subnetIds) {
      const { sdk, client } = await ec2()
      const found = await Promise.all(
        subnetIds.map((SubnetId) =>
          client.send(new sdk.GetSubnetCidrReservationsCommand({ SubnetId })),
        ),
      )
      return found.flatMap((answer) =>
        (answer.SubnetIpv4CidrReservations ?? []).map((r) => ({
          subnetId: r.SubnetId ?? "",
          cidr: r.Cidr ?? "",
          type: r.ReservationType ?? "explicit",
        })),
      )
    },
    autoScalingGroups: (instanceIds) => readAutoScalingGroups(common, new Set(instanceIds)),
    async nodeGroups(cluster) {
      const { sdk, client } = await eks()
      const names: string[] = []
      for await (const page of sdk.paginateListNodegroups({ client }, { clusterName: cluster })) {
        names.push(...(page.nodegroups ?? []))
      }
      const groups = await Promise.all(
        names.map((nodegroupName) =>
          client.send(new sdk.DescribeNodegroupCommand({ clusterName: cluster, nodegroupName })),
        ),
      )
      return groups.map(({ nodegroup: g = {} }) => ({
        name: g.nodegroupName ?? "",
        status: g.status ?? "",
        instanceTypes: g.instanceTypes ?? [],
        autoScalingGroups: (g.resources?.autoScalingGroups ?? []).flatMap((a) => a.name ?? []),
        ...(g.amiType === undefined ? {} : { amiType: g.amiType }),
        ...(g.launchTemplate?.id === undefined
          ? {}
          : {
              launchTemplate: { id: g.launchTemplate.id, version: g.launchTemplate.version ?? "" },
            }),
        customAmi: g.amiType === "CUSTOM",
        labels: g.labels ?? {},
        scaling: {
          min: g.scalingConfig?.minSize ?? 0,
          max: g.scalingConfig?.maxSize ?? 0,
          desired: g.scalingConfig?.desiredSize ?? 0,
        },
      }))
    },
    async eks(cluster) {
      const { sdk, client } = await eks()
      const { cluster: c = {} } = await client.send(
        new sdk.DescribeClusterCommand({ name: cluster }),
      )
      const addon = await client
        .send(new sdk.DescribeAddonCommand({ clusterName: cluster, addonName: "vpc-cni" }))
        .catch((error: unknown) => {
          if (error instanceof sdk.ResourceNotFoundException) return undefined
          throw error
        })
      return {
        version: c.version ?? "",
        ipFamily: c.kubernetesNetworkConfig?.ipFamily ?? "ipv4",
        ...optional("serviceCidr", c.kubernetesNetworkConfig?.serviceIpv4Cidr),
        ...optional("clusterSecurityGroup", c.resourcesVpcConfig?.clusterSecurityGroupId),
        subnetIds: c.resourcesVpcConfig?.subnetIds ?? [],
        ...(addon?.addon
          ? {
              addon: {
                version: addon.addon.addonVersion ?? "",
                ...optional("configuration", addon.addon.configurationValues),
              },
            }
          : {}),
      }
    },
  }
}

async function readAutoScalingGroups(
  config: AutoScalingClientConfig,
  instanceIds: ReadonlySet<string>,
): Promise<AutoScalingGroupFacts[]> {
  const sdk = await import("@aws-sdk/client-auto-scaling")
  const client = new sdk.AutoScalingClient(config)
  const groups: AutoScalingGroupFacts[] = []
  for await (const page of sdk.paginateDescribeAutoScalingGroups({ client }, {})) {
    for (const g of page.AutoScalingGroups ?? []) {
      const ids = (g.Instances ?? []).flatMap((i) => i.InstanceId ?? [])
      // An account has groups of other clusters too.
      if (!ids.some((id) => instanceIds.has(id))) continue
      const template =
        g.LaunchTemplate ?? g.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification
      groups.push({
        name: g.AutoScalingGroupName ?? "",
        min: g.MinSize ?? 0,
        max: g.MaxSize ?? 0,
        desired: g.DesiredCapacity ?? 0,
        instanceIds: ids,
        subnetIds: (g.VPCZoneIdentifier ?? "").split(",").filter((s) => s !== ""),
        ...(template?.LaunchTemplateId === undefined
          ? {}
          : { launchTemplate: { id: template.LaunchTemplateId, version: template.Version ?? "" } }),
        tags: tagsOf(g.Tags),
      })
    }
  }
  return groups
}

interface Permission {
  IpProtocol?: string | undefined
  FromPort?: number | undefined
  ToPort?: number | undefined
  IpRanges?: { CidrIp?: string | undefined }[] | undefined
  UserIdGroupPairs?: { GroupId?: string | undefined }[] | undefined
}

function rulesOf(
  direction: GroupRule["direction"],
  permissions: readonly Permission[] | undefined,
): GroupRule[] {
  return (permissions ?? []).flatMap((p) => {
    const peers = [
      ...(p.IpRanges ?? []).map((r) => r.CidrIp),
      ...(p.UserIdGroupPairs ?? []).map((g) => g.GroupId),
    ]
    return peers.flatMap((peer) =>
      peer === undefined
        ? []
        : [
            {
              direction,
              protocol: p.IpProtocol ?? "-1",
              ...optional("fromPort", p.FromPort),
              ...optional("toPort", p.ToPort),
              peer,
            },
          ],
    )
  })
}

const tagsOf = (
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
) => Object.fromEntries((tags ?? []).map((t) => [t.Key ?? "", t.Value ?? ""]))

/** An optional field, present only when it is known (exactOptionalPropertyTypes). */
const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]: V })

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
