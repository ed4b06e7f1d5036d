import {
  AssociateRouteTableCommand,
  AssociateVpcCidrBlockCommand,
  CreateSubnetCommand,
  DeleteSubnetCommand,
  DescribeVpcsCommand,
  DisassociateVpcCidrBlockCommand,
  EC2Client,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSubnets,
} from "@aws-sdk/client-ec2"
import { ec2Error } from "../../ec2/errors.ts"
import { awsErrorOf } from "../../ec2/sdk/sdk-error.ts"
import { isError } from "../../errors/catalogue.ts"
import type { NetworkCalls } from "./network-calls.ts"

/** NetworkCalls through the official SDK. Tests name an endpoint; else the SDK's configuration decides. */
export function sdkNetwork(options: { region: string; endpoint?: string }): NetworkCalls {
  const client = new EC2Client({
    ...options,
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 30_000 },
  })
  const ofVpc = (vpcId: string) => [{ Name: "vpc-id", Values: [vpcId] }]
  return {
    blocks: (vpcId) =>
      named("DescribeVpcs", vpcId, async () => {
        const { Vpcs = [] } = await client.send(new DescribeVpcsCommand({ VpcIds: [vpcId] }))
        return Vpcs.flatMap((v) => v.CidrBlockAssociationSet ?? []).map((a) => ({
          cidr: a.CidrBlock ?? "",
          associationId: a.AssociationId ?? "",
          state: a.CidrBlockState?.State ?? "",
        }))
      }),
    associateBlock: (vpcId, cidr) =>
      named("AssociateVpcCidrBlock", vpcId, async () => {
        await client.send(new AssociateVpcCidrBlockCommand({ VpcId: vpcId, CidrBlock: cidr }))
      }),
    disassociateBlock: (id) =>
      named("DisassociateVpcCidrBlock", id, async () => {
        await client.send(new DisassociateVpcCidrBlockCommand({ AssociationId: id }))
      }),
    subnets: (vpcId) =>
      named("DescribeSubnets", vpcId, async () => {
        const pages = paginateDescribeSubnets({ client }, { Filters: ofVpc(vpcId) })
        const found = (await collected(pages)).flatMap((p) => p.Subnets ?? [])
        return found.map((s) => ({
          id: s.SubnetId ?? "",
          zone: s.AvailabilityZone ?? "",
          cidr: s.CidrBlock ?? "",
          state: s.State ?? "",
        }))
      }),
    createSubnet: ({ vpcId, zone, cidr, name }) =>
      named("CreateSubnet", vpcId, async () => {
        const tags = [{ ResourceType: "subnet" as const, Tags: [{ Key: "Name", Value: name }] }]
        const place = { VpcId: vpcId, AvailabilityZone: zone, CidrBlock: cidr }
        await client.send(new CreateSubnetCommand({ ...place, TagSpecifications: tags }))
      }),
    deleteSubnet: (id) =>
      named("DeleteSubnet", id, async () => {
        await client.send(new DeleteSubnetCommand({ SubnetId: id }))
      }).catch((error: unknown) => {
        if (!isError(error, "ec2/not-found")) throw error
      }),
    routeTables: (vpcId) =>
      named("DescribeRouteTables", vpcId, async () => {
        const pages = paginateDescribeRouteTables({ client }, { Filters: ofVpc(vpcId) })
        const found = (await collected(pages)).flatMap((p) => p.RouteTables ?? [])
        return found.map((t) => ({
          id: t.RouteTableId ?? "",
          subnetIds: (t.Associations ?? []).flatMap((a) => a.SubnetId ?? []),
        }))
      }),
    associateRouteTable: (subnetId, tableId) =>
      named("AssociateRouteTable", tableId, async () => {
        const ids = { SubnetId: subnetId, RouteTableId: tableId }
        await client.send(new AssociateRouteTableCommand(ids))
      }),
    interfacesIn: (subnetId) =>
      named("DescribeNetworkInterfaces", subnetId, async () => {
        const filters = [{ Name: "subnet-id", Values: [subnetId] }]
        const pages = paginateDescribeNetworkInterfaces({ client }, { Filters: filters })
        const found = (await collected(pages)).flatMap((p) => p.NetworkInterfaces ?? [])
        return found.length
      }),
  }
}

async function named<T>(action: string, resource: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw ec2Error(action, awsErrorOf(error), { resource })
  }
}

async function collected<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const page of pages) all.push(page)
  return all
}
