import {
  createLaunchTemplate,
  templateOf,
  versionOf,
} from "../../../ec2/memory/launch-templates.ts"
import {
  addonBody,
  type ConfigBody,
  type CreateBody,
  configBody,
  createBody,
  parseBody,
  type VersionBody,
  versionBody,
} from "./bodies.ts"
import type { Eks } from "./eks.ts"
import { makeNodeGroup } from "./make-node-group.ts"
import { EksFault, type NodeGroup, type NodeGroupTaint, type Update } from "./node-group.ts"
import { showAddon, showCluster, showNodeGroup, showUpdate } from "./show.ts"

/** One operation of the EKS API: `{}` segments of the path become arguments in order. */
export interface EksRoute {
  /** Name of the operation, as IAM and the SDKs call it. */
  readonly action: string
  readonly method: "GET" | "POST" | "DELETE"
  readonly path: string
  readonly run: (eks: Eks, input: RouteInput) => object
}

export interface RouteInput {
  /** The segments of the path, the cluster's name left out. */
  readonly args: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
}

const first = ({ args }: RouteInput) => args[0] ?? ""

/** The template a request names. */
function namedTemplate(
  eks: Eks,
  { id, name }: { id?: string | undefined; name?: string | undefined },
) {
  return templateOf(eks.cloud.core, {
    ...(id !== undefined ? { id } : name !== undefined && { name }),
  })
}

/** A group without a template of the user's gets one of EKS's own, from the instance type asked for. */
function createNodeGroup(eks: Eks, body: CreateBody): NodeGroup {
  const { nodegroupName: name, launchTemplate: wanted, scalingConfig: scaling } = body
  if (eks.nodeGroups().some((g) => g.name === name))
    throw new EksFault("ResourceInUseException", `NodeGroup already exists with name ${name}`, 409)
  const type = body.instanceTypes[0] ?? "t3.medium"
  const template = wanted
    ? namedTemplate(eks, wanted)
    : createLaunchTemplate(eks.cloud.core, { name: `eks-${name}`, data: { type } })
  const version = versionOf(template, wanted?.version)
  const custom = wanted !== undefined && version.data.imageId !== undefined
  return makeNodeGroup(eks, {
    name,
    template: { id: template.id, name: template.name, version: String(version.number) },
    templateIsHidden: wanted === undefined,
    amiType: custom ? "CUSTOM" : (body.amiType ?? "AL2023_x86_64_STANDARD"),
    releaseVersion: custom ? (version.data.imageId ?? "") : `${eks.cluster.version}.0-lab`,
    size: {
      min: scaling.minSize ?? 1,
      max: scaling.maxSize ?? 2,
      desired: scaling.desiredSize ?? 2,
    },
    subnetIds: body.subnets,
    labels: body.labels,
    taints: body.taints.map(withoutAbsent),
    ...(body.updateConfig.maxUnavailable !== undefined && {
      maxUnavailable: body.updateConfig.maxUnavailable,
    }),
  })
}

const withoutAbsent = ({ key, value, effect }: CreateBody["taints"][number]): NodeGroupTaint => ({
  key,
  effect,
  ...(value !== undefined && { value }),
})

/** A template named by the request must be the group's own, in a version that exists. */
function templateVersion(eks: Eks, group: NodeGroup, body: VersionBody) {
  const { launchTemplate: wanted } = body
  if (wanted === undefined) return {}
  const { version } = wanted
  const template = namedTemplate(eks, wanted)
  if (group.launchTemplate !== undefined && template.id !== group.launchTemplate.id)
    throw new EksFault(
      "InvalidParameterException",
      "Launch template id or name must match the node group's launch template.",
    )
  return { templateVersion: String(versionOf(template, version).number) }
}

function configChange(eks: Eks, group: NodeGroup, body: ConfigBody) {
  const { labels, taints, scalingConfig, updateConfig } = body
  const scaling = eks.groups.get(group.scalingGroup)
  const kept = Object.entries(group.labels).filter(([k]) => !labels?.removeLabels.includes(k))
  const replaced = [...(taints?.removeTaints ?? []), ...(taints?.addOrUpdateTaints ?? [])]
  const others = group.taints.filter(
    (t) => !replaced.some((r) => r.key === t.key && r.effect === t.effect),
  )
  const added = (taints?.addOrUpdateTaints ?? []).map(withoutAbsent)
  return {
    ...(scalingConfig && {
      scaling: {
        min: scalingConfig.minSize ?? scaling.min,
        max: scalingConfig.maxSize ?? scaling.max,
        desired: scalingConfig.desiredSize ?? scaling.desired,
      },
    }),
    group: {
      labels: { ...Object.fromEntries(kept), ...labels?.addOrUpdateLabels },
      taints: [...others, ...added],
      maxUnavailable: updateConfig?.maxUnavailable ?? group.maxUnavailable,
      updateStrategy: updateConfig?.updateStrategy ?? group.updateStrategy,
    },
    params: Object.entries(scalingConfig ?? {}).map(([name, value]) => ({
      type: name.charAt(0).toUpperCase() + name.slice(1),
      value: String(value),
    })),
  }
}

function updatesOf(eks: Eks, query: URLSearchParams): Update[] {
  const nodeGroup = query.get("nodegroupName") ?? undefined
  const addon = query.get("addonName") ?? undefined
  return eks.updates().filter((u) => u.nodeGroup === nodeGroup && u.addon === addon)
}

export const eksRoutes: readonly EksRoute[] = [
  {
    action: "ListClusters",
    method: "GET",
    path: "/clusters",
    run: (eks) => ({ clusters: [eks.cluster.name] }),
  },
  {
    action: "DescribeCluster",
    method: "GET",
    path: "/clusters/{cluster}",
    run: (eks) => ({ cluster: showCluster(eks) }),
  },
  {
    action: "ListNodegroups",
    method: "GET",
    path: "/clusters/{cluster}/node-groups",
    run: (eks) => ({ nodegroups: eks.nodeGroups().map((g) => g.name) }),
  },
  {
    action: "DescribeNodegroup",
    method: "GET",
    path: "/clusters/{cluster}/node-groups/{}",
    run: (eks, input) => ({ nodegroup: showNodeGroup(eks, eks.nodeGroup(first(input))) }),
  },
  {
    action: "CreateNodegroup",
    method: "POST",
    path: "/clusters/{cluster}/node-groups",
    run: (eks, { body }) => ({
      nodegroup: showNodeGroup(eks, createNodeGroup(eks, parseBody(createBody, body))),
    }),
  },
  {
    action: "DeleteNodegroup",
    method: "DELETE",
    path: "/clusters/{cluster}/node-groups/{}",
    run: (eks, input) => {
      const shown = showNodeGroup(eks, eks.nodeGroup(first(input)))
      return { nodegroup: { ...shown, status: eks.deleteNodeGroup(first(input)).status } }
    },
  },
  {
    action: "UpdateNodegroupConfig",
    method: "POST",
    path: "/clusters/{cluster}/node-groups/{}/update-config",
    run: (eks, input) => {
      const group = eks.nodeGroup(first(input))
      const change = configChange(eks, group, parseBody(configBody, input.body))
      return { update: showUpdate(eks.updateConfig(group.name, change)) }
    },
  },
  {
    action: "UpdateNodegroupVersion",
    method: "POST",
    path: "/clusters/{cluster}/node-groups/{}/update-version",
    run: (eks, input) => {
      const group = eks.nodeGroup(first(input))
      const body = parseBody(versionBody, input.body)
      const to = {
        ...templateVersion(eks, group, body),
        ...(body.releaseVersion !== undefined && { release: body.releaseVersion }),
        ...(body.version !== undefined && { version: body.version }),
        force: body.force,
      }
      return { update: showUpdate(eks.updateVersion(group.name, to)) }
    },
  },
  {
    action: "ListUpdates",
    method: "GET",
    path: "/clusters/{cluster}/updates",
    run: (eks, { query }) => ({ updateIds: updatesOf(eks, query).map((u) => u.id) }),
  },
  {
    action: "DescribeUpdate",
    method: "GET",
    path: "/clusters/{cluster}/updates/{}",
    run: (eks, input) => {
      const update = updatesOf(eks, input.query).find((u) => u.id === first(input))
      if (update) return { update: showUpdate(update) }
      throw new EksFault(
        "ResourceNotFoundException",
        `No update found for ID: ${first(input)}.`,
        404,
      )
    },
  },
  {
    action: "ListAddons",
    method: "GET",
    path: "/clusters/{cluster}/addons",
    run: (eks) => ({ addons: eks.addons().map((a) => a.name) }),
  },
  {
    action: "DescribeAddon",
    method: "GET",
    path: "/clusters/{cluster}/addons/{}",
    run: (eks, input) => ({ addon: showAddon(eks, eks.addon(first(input))) }),
  },
  {
    action: "UpdateAddon",
    method: "POST",
    path: "/clusters/{cluster}/addons/{}/update",
    run: (eks, input) => {
      const body = parseBody(addonBody, input.body)
      const { configurationValues: configuration, addonVersion: version } = body
      if (configuration !== undefined && !isJson(configuration))
        throw new EksFault(
          "InvalidParameterException",
          "ConfigurationValue provided in request is not supported: it is not valid JSON",
        )
      const change = {
        ...(version !== undefined && { version }),
        ...(configuration !== undefined && { configuration }),
      }
      return {
        update: showUpdate(eks.updateAddon(first(input), change, body.resolveConflicts ?? "NONE")),
      }
    },
  },
]

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
