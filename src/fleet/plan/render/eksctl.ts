import { stringify } from "yaml"
import type { PlanDocument } from "../plan-document.ts"
import { addonConfiguration } from "./addon.ts"

/** The add-on's configuration, and a new node group for each instance type whose max-pods changes: eksctl changes none in place. */
export function eksctl(plan: PlanDocument): string | undefined {
  const { site, maxPods } = plan
  const configuration = addonConfiguration(plan)
  const changed = maxPods.filter((c) => c.now.some((n) => n !== c.after))
  if (configuration === undefined && changed.length === 0) return undefined
  const zones = Object.entries(site.nodeSubnets)
  const config = {
    apiVersion: "eksctl.io/v1alpha5",
    kind: "ClusterConfig",
    metadata: { name: site.cluster ?? "CLUSTER", region: site.region || "REGION" },
    ...(site.vpcId !== undefined && {
      vpc: {
        id: site.vpcId,
        subnets: { private: Object.fromEntries(zones.map(([zone, id]) => [zone, { id }])) },
      },
    }),
    ...(configuration !== undefined && {
      addons: [
        {
          name: "vpc-cni",
          version: site.addon?.version ?? "latest",
          resolveConflicts: "preserve",
          configurationValues: configuration.trimEnd(),
        },
      ],
    }),
    ...(changed.length > 0 && {
      managedNodeGroups: changed.map(({ type, nodes, after }) => ({
        name: `${type.replaceAll(".", "-")}-max-pods-${after}`,
        instanceType: type,
        desiredCapacity: nodes,
        privateNetworking: true,
        maxPodsPerNode: after,
      })),
    }),
  }
  const commands = [
    ...(configuration === undefined ? [] : ["#   eksctl update addon -f eksctl.yaml"]),
    ...(changed.length === 0
      ? []
      : [
          "#   eksctl create nodegroup -f eksctl.yaml",
          "#   eksctl drain nodegroup and eksctl delete nodegroup, for each old group",
        ]),
  ]
  const head = "# After the blocks, subnets and objects are there (apply.sh, or Terraform):\n"
  return `${head}${commands.join("\n")}\n${stringify(config, { lineWidth: 0 })}`
}
