import { stringify } from "yaml"
import type { PlanDocument } from "../plan-document.ts"
import { pascal } from "../references.ts"

/** Blocks, subnets and their route tables as a stack; its outputs are the ids that ENIConfigs or the pool want. */
export function cloudFormation({ layout, site }: PlanDocument): string | undefined {
  const blocks = layout.blocks.filter((b) => b.create)
  const fresh = layout.subnets.filter((s) => s.id === undefined)
  if (blocks.length + fresh.length === 0) return undefined
  const vpc = { Ref: "VpcId" }
  const blockId = (cidr: string) => `PodBlock${pascal(cidr)}`
  const resources: Record<string, unknown> = {}
  for (const { cidr } of blocks)
    resources[blockId(cidr)] = {
      Type: "AWS::EC2::VPCCidrBlock",
      Properties: { VpcId: vpc, CidrBlock: cidr },
    }
  for (const { zone, cidr } of fresh) {
    const subnet = `PodSubnet${pascal(zone)}`
    resources[subnet] = {
      Type: "AWS::EC2::Subnet",
      ...(blocks.length > 0 && { DependsOn: blocks.map((b) => blockId(b.cidr)) }),
      Properties: {
        VpcId: vpc,
        AvailabilityZone: zone,
        CidrBlock: cidr,
        Tags: [{ Key: "Name", Value: `${site.cluster ?? "cluster"}-pods-${zone}` }],
      },
    }
    resources[`PodRoutes${pascal(zone)}`] = {
      Type: "AWS::EC2::SubnetRouteTableAssociation",
      Properties: {
        SubnetId: { Ref: subnet },
        RouteTableId: site.routeTables[zone] ?? "ROUTE_TABLE",
      },
    }
  }
  const outputs = Object.fromEntries(
    fresh.map(({ zone }) => [
      `PodSubnet${pascal(zone)}`,
      { Description: `For the ENIConfig of ${zone}`, Value: { Ref: `PodSubnet${pascal(zone)}` } },
    ]),
  )
  return stringify(
    {
      AWSTemplateFormatVersion: "2010-09-09",
      Description: `Subnets for the pods of ${site.cluster ?? "the cluster"}`,
      Parameters: {
        VpcId: {
          Type: "AWS::EC2::VPC::Id",
          ...(site.vpcId !== undefined && { Default: site.vpcId }),
        },
      },
      Resources: resources,
      ...(fresh.length > 0 && { Outputs: outputs }),
    },
    // CloudFormation takes no YAML aliases.
    { lineWidth: 0, aliasDuplicateObjects: false },
  )
}
