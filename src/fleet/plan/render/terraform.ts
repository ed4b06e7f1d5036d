import type { PlanDocument } from "../plan-document.ts"
import { fillReferences, snake } from "../references.ts"
import { addonConfiguration } from "./addon.ts"
import { expression, type Hcl, type HclBlock, hclBlock } from "./hcl.ts"

/** Blocks, subnets, routes, objects and settings as Terraform resources, ordered by what each needs. */
export function terraform(plan: PlanDocument): string | undefined {
  const network = [...blockResources(plan), ...subnetResources(plan)]
  const objects = objectResources(plan)
  const settings = settingResources(plan, objects.map(addressOf))
  const all = [...network, ...objects, ...settings]
  if (all.length === 0) return undefined
  const vpc: HclBlock = {
    head: 'variable "vpc_id"',
    attributes: {
      type: expression("string"),
      ...(plan.site.vpcId !== undefined && { default: plan.site.vpcId }),
    },
  }
  return [...(network.length > 0 ? [vpc] : []), ...all].map((b) => hclBlock(b)).join("\n")
}

const resource = (type: string, name: string) => `resource "${type}" "${name}"`
const addressOf = ({ head }: HclBlock) => head.split(" ").slice(1).join(".").replaceAll('"', "")

const blockResources = ({ layout }: PlanDocument): HclBlock[] =>
  layout.blocks
    .filter((b) => b.create)
    .map(({ cidr }) => ({
      head: resource("aws_vpc_ipv4_cidr_block_association", `pods_${snake(cidr)}`),
      attributes: { vpc_id: expression("var.vpc_id"), cidr_block: cidr },
    }))

function subnetResources({ layout, site }: PlanDocument): HclBlock[] {
  const fresh = layout.subnets.filter((s) => s.id === undefined)
  // A subnet that takes its VPC's id from the association waits for the block.
  const block = layout.blocks.find((b) => b.create)
  const vpc =
    block === undefined
      ? "var.vpc_id"
      : `aws_vpc_ipv4_cidr_block_association.pods_${snake(block.cidr)}.vpc_id`
  return fresh.flatMap(({ zone, cidr }): HclBlock[] => [
    {
      head: resource("aws_subnet", `pods_${snake(zone)}`),
      attributes: {
        vpc_id: expression(vpc),
        availability_zone: zone,
        cidr_block: cidr,
        tags: { Name: `${site.cluster ?? "cluster"}-pods-${zone}` },
      },
    },
    {
      head: resource("aws_route_table_association", `pods_${snake(zone)}`),
      attributes: {
        subnet_id: expression(`aws_subnet.pods_${snake(zone)}.id`),
        route_table_id: site.routeTables[zone] ?? "ROUTE_TABLE",
      },
    },
  ])
}

const objectResources = ({ objects }: PlanDocument): HclBlock[] =>
  objects.map((object) => ({
    head: resource(
      "kubernetes_manifest",
      snake(`${object.kind}_${object.metadata.name}`).toLowerCase(),
    ),
    attributes: { manifest: hclOf(JSON.parse(JSON.stringify(object))) },
  }))

/** Settings come after the objects, so that no node is born in between. */
function settingResources(plan: PlanDocument, after: readonly string[]): HclBlock[] {
  const { site, env } = plan
  if (env.length === 0) return []
  const dependsOn: Record<string, Hcl> =
    after.length === 0 ? {} : { depends_on: after.map((a) => expression(a)) }
  if (site.addon === undefined) {
    return [
      {
        head: resource("kubernetes_env", "aws_node"),
        attributes: {
          api_version: "apps/v1",
          kind: "DaemonSet",
          container: "aws-node",
          force: true,
          ...dependsOn,
        },
        blocks: [
          { head: "metadata", attributes: { name: "aws-node", namespace: "kube-system" } },
          ...env.map(({ name, value }) => ({ head: "env", attributes: { name, value } })),
        ],
      },
    ]
  }
  const cluster = site.cluster ?? "CLUSTER"
  return [
    {
      head: "import",
      attributes: { to: expression("aws_eks_addon.vpc_cni"), id: `${cluster}:vpc-cni` },
    },
    {
      head: resource("aws_eks_addon", "vpc_cni"),
      attributes: {
        cluster_name: cluster,
        addon_name: "vpc-cni",
        addon_version: site.addon.version,
        resolve_conflicts_on_update: "PRESERVE",
        configuration_values: JSON.stringify(JSON.parse(addonConfiguration(plan) ?? "{}")),
        ...dependsOn,
      },
    },
  ]
}

/** A JSON value, where a new subnet's id becomes a reference to its resource. */
function hclOf(value: unknown): Hcl {
  if (typeof value === "string") {
    const reference = fillReferences(value, (_, zone) => `aws_subnet.pods_${snake(zone)}.id`)
    return reference === value ? value : expression(reference)
  }
  if (Array.isArray(value)) return value.map(hclOf)
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, v]) => [/^\w+$/.test(key) ? key : `"${key}"`, hclOf(v)]),
    )
  return typeof value === "boolean" ? value : String(value)
}
