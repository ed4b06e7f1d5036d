import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling"
import type { EKSClient, Nodegroup } from "@aws-sdk/client-eks"
import type { AutoScalingGroupFacts, EksFacts, NodeGroupFacts } from "../../fleet/snapshot.ts"
import { optional, tagsOf } from "./sdk-fields.ts"

export interface EksReader {
  readonly sdk: typeof import("@aws-sdk/client-eks")
  readonly client: EKSClient
}

export interface AutoScalingReader {
  readonly sdk: typeof import("@aws-sdk/client-auto-scaling")
  readonly client: AutoScalingClient
}

/** The groups that made one of the instances: an account has groups of other clusters too. */
export async function readAutoScalingGroups(
  { sdk, client }: AutoScalingReader,
  instanceIds: ReadonlySet<string>,
): Promise<AutoScalingGroupFacts[]> {
  const groups: AutoScalingGroupFacts[] = []
  for await (const page of sdk.paginateDescribeAutoScalingGroups({ client }, {})) {
    for (const g of page.AutoScalingGroups ?? []) {
      const ids = (g.Instances ?? []).flatMap((i) => i.InstanceId ?? [])
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

export async function readNodeGroups(
  { sdk, client }: EksReader,
  clusterName: string,
): Promise<NodeGroupFacts[]> {
  const names: string[] = []
  for await (const page of sdk.paginateListNodegroups({ client }, { clusterName }))
    names.push(...(page.nodegroups ?? []))
  const answers = await Promise.all(
    names.map((nodegroupName) =>
      client.send(new sdk.DescribeNodegroupCommand({ clusterName, nodegroupName })),
    ),
  )
  return answers.map(({ nodegroup = {} }) => nodeGroupFacts(nodegroup))
}

function nodeGroupFacts(g: Nodegroup): NodeGroupFacts {
  return {
    name: g.nodegroupName ?? "",
    status: g.status ?? "",
    instanceTypes: g.instanceTypes ?? [],
    autoScalingGroups: (g.resources?.autoScalingGroups ?? []).flatMap((a) => a.name ?? []),
    ...optional("amiType", g.amiType),
    ...(g.launchTemplate?.id === undefined
      ? {}
      : { launchTemplate: { id: g.launchTemplate.id, version: g.launchTemplate.version ?? "" } }),
    customAmi: g.amiType === "CUSTOM",
    labels: g.labels ?? {},
    scaling: {
      min: g.scalingConfig?.minSize ?? 0,
      max: g.scalingConfig?.maxSize ?? 0,
      desired: g.scalingConfig?.desiredSize ?? 0,
    },
  }
}

export async function readEks({ sdk, client }: EksReader, name: string): Promise<EksFacts> {
  const { cluster: c = {} } = await client.send(new sdk.DescribeClusterCommand({ name }))
  return {
    version: c.version ?? "",
    ipFamily: c.kubernetesNetworkConfig?.ipFamily ?? "ipv4",
    ...optional("serviceCidr", c.kubernetesNetworkConfig?.serviceIpv4Cidr),
    ...optional("clusterSecurityGroup", c.resourcesVpcConfig?.clusterSecurityGroupId),
    subnetIds: c.resourcesVpcConfig?.subnetIds ?? [],
  }
}

/** The vpc-cni add-on; undefined when EKS does not manage the plugin. */
export async function readAddon(
  { sdk, client }: EksReader,
  clusterName: string,
): Promise<EksFacts["addon"]> {
  try {
    const command = new sdk.DescribeAddonCommand({ clusterName, addonName: "vpc-cni" })
    const { addon = {} } = await client.send(command)
    return {
      version: addon.addonVersion ?? "",
      ...optional("configuration", addon.configurationValues),
    }
  } catch (error) {
    if (error instanceof sdk.ResourceNotFoundException) return undefined
    throw error
  }
}
