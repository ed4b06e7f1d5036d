import type { Eks } from "./eks.ts"
import type { Addon, NodeGroup, Update } from "./node-group.ts"

/** EKS writes times as seconds since the epoch. */
const seconds = (ms: number) => ms / 1000

const arn = (eks: Eks, kind: string) =>
  `arn:aws:eks:${eks.cloud.region}:${eks.cloud.account}:${kind}/${eks.cluster.name}`

export function showCluster(eks: Eks) {
  const { cluster } = eks
  return {
    name: cluster.name,
    arn: arn(eks, "cluster"),
    createdAt: seconds(eks.createdAt),
    version: cluster.version,
    endpoint: cluster.endpoint,
    roleArn: `arn:aws:iam::${eks.cloud.account}:role/${cluster.name}`,
    resourcesVpcConfig: {
      subnetIds: cluster.subnetIds,
      securityGroupIds: [],
      clusterSecurityGroupId: cluster.clusterSecurityGroup,
      vpcId: cluster.vpcId,
      endpointPublicAccess: true,
      endpointPrivateAccess: true,
      publicAccessCidrs: ["0.0.0.0/0"],
    },
    kubernetesNetworkConfig: { serviceIpv4Cidr: cluster.serviceCidr, ipFamily: "ipv4" },
    status: "ACTIVE",
    certificateAuthority: { data: cluster.certificateAuthority },
    platformVersion: "eks.1",
    tags: {},
    health: { issues: [] },
    accessConfig: { authenticationMode: "API" },
  }
}

export function showNodeGroup(eks: Eks, group: NodeGroup) {
  const scaling = eks.groups.get(group.scalingGroup)
  const template = eks.cloud.core.tables.launchTemplate.get(scaling.launchTemplate.id)
  const type = template?.versions.at(-1)?.data.type
  return {
    nodegroupName: group.name,
    nodegroupArn: `${arn(eks, "nodegroup")}/${group.name}`,
    clusterName: eks.cluster.name,
    version: group.version,
    releaseVersion: group.releaseVersion,
    createdAt: seconds(group.createdAt),
    modifiedAt: seconds(group.modifiedAt),
    status: group.status,
    capacityType: "ON_DEMAND",
    scalingConfig: { minSize: scaling.min, maxSize: scaling.max, desiredSize: scaling.desired },
    instanceTypes: type === undefined ? [] : [type],
    subnets: scaling.subnetIds,
    amiType: group.amiType,
    nodeRole: `arn:aws:iam::${eks.cloud.account}:role/${eks.cluster.name}-node`,
    labels: group.labels,
    taints: group.taints,
    resources: { autoScalingGroups: [{ name: group.scalingGroup }] },
    health: {
      issues: group.issue
        ? [
            {
              code: group.issue.code,
              message: group.issue.message,
              resourceIds: group.issue.ids,
            },
          ]
        : [],
    },
    updateConfig: { maxUnavailable: group.maxUnavailable, updateStrategy: group.updateStrategy },
    launchTemplate: group.launchTemplate,
    tags: {},
  }
}

export const showAddon = (eks: Eks, addon: Addon) => ({
  addonName: addon.name,
  clusterName: eks.cluster.name,
  status: addon.status,
  addonVersion: addon.version,
  health: { issues: [] },
  addonArn: `${arn(eks, "addon")}/${addon.name}`,
  createdAt: seconds(addon.createdAt),
  modifiedAt: seconds(addon.modifiedAt),
  configurationValues: addon.configuration,
  tags: {},
})

export const showUpdate = (update: Update) => ({
  id: update.id,
  status: update.status,
  type: update.type,
  params: update.params,
  createdAt: seconds(update.createdAt),
  errors: update.errors.map((e) => ({
    errorCode: e.code,
    errorMessage: e.message,
    resourceIds: e.ids,
  })),
})
