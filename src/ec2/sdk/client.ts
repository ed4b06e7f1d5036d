import {
  AssignPrivateIpAddressesCommand as AssignPrivateIpAddresses,
  type AssignPrivateIpAddressesCommandInput,
  AttachNetworkInterfaceCommand as AttachNetworkInterface,
  type AttachNetworkInterfaceCommandInput,
  CreateNetworkInterfaceCommand as CreateNetworkInterface,
  type CreateNetworkInterfaceCommandInput,
  DeleteNetworkInterfaceCommand as DeleteNetworkInterface,
  type DeleteNetworkInterfaceCommandInput,
  DescribeInstancesCommand as DescribeInstances,
  type DescribeInstancesCommandInput,
  DescribeNetworkInterfacesCommand as DescribeNetworkInterfaces,
  type DescribeNetworkInterfacesCommandInput,
  DescribeSecurityGroupsCommand as DescribeSecurityGroups,
  type DescribeSecurityGroupsCommandInput,
  DescribeSubnetsCommand as DescribeSubnets,
  type DescribeSubnetsCommandInput,
  DescribeVpcsCommand as DescribeVpcs,
  type DescribeVpcsCommandInput,
  DetachNetworkInterfaceCommand as DetachNetworkInterface,
  type DetachNetworkInterfaceCommandInput,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand as ModifyNetworkInterfaceAttribute,
  type ModifyNetworkInterfaceAttributeCommandInput,
  UnassignPrivateIpAddressesCommand as UnassignPrivateIpAddresses,
  type UnassignPrivateIpAddressesCommandInput,
} from "@aws-sdk/client-ec2"
import type { SdkOptions } from "./sdk-ec2.ts"

export type Client = ReturnType<typeof createClient>

/**
 * The SDK's client, reduced to the calls Berth makes. Commands are imported by name, so that a bundle holds these and
 * not the other 700; the module is loaded at the first call, because the SDK costs a third of a second and tens of MB.
 */
export function createClient(options: SdkOptions) {
  const { region, endpoint, maxAttempts = 3, credentials } = options
  const ec2 = new EC2Client({
    region,
    maxAttempts,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 30_000 },
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  })
  const by = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {})
  type Signal = AbortSignal | undefined
  return {
    assign: (r: AssignPrivateIpAddressesCommandInput, s: Signal) =>
      ec2.send(new AssignPrivateIpAddresses(r), by(s)),
    attach: (r: AttachNetworkInterfaceCommandInput, s: Signal) =>
      ec2.send(new AttachNetworkInterface(r), by(s)),
    create: (r: CreateNetworkInterfaceCommandInput, s: Signal) =>
      ec2.send(new CreateNetworkInterface(r), by(s)),
    delete: (r: DeleteNetworkInterfaceCommandInput, s: Signal) =>
      ec2.send(new DeleteNetworkInterface(r), by(s)),
    describeGroups: (r: DescribeSecurityGroupsCommandInput, s: Signal) =>
      ec2.send(new DescribeSecurityGroups(r), by(s)),
    describeInstances: (r: DescribeInstancesCommandInput, s: Signal) =>
      ec2.send(new DescribeInstances(r), by(s)),
    describeInterfaces: (r: DescribeNetworkInterfacesCommandInput, s: Signal) =>
      ec2.send(new DescribeNetworkInterfaces(r), by(s)),
    describeSubnets: (r: DescribeSubnetsCommandInput, s: Signal) =>
      ec2.send(new DescribeSubnets(r), by(s)),
    describeVpcs: (r: DescribeVpcsCommandInput, s: Signal) => ec2.send(new DescribeVpcs(r), by(s)),
    detach: (r: DetachNetworkInterfaceCommandInput, s: Signal) =>
      ec2.send(new DetachNetworkInterface(r), by(s)),
    modify: (r: ModifyNetworkInterfaceAttributeCommandInput, s: Signal) =>
      ec2.send(new ModifyNetworkInterfaceAttribute(r), by(s)),
    unassign: (r: UnassignPrivateIpAddressesCommandInput, s: Signal) =>
      ec2.send(new UnassignPrivateIpAddresses(r), by(s)),
  }
}
