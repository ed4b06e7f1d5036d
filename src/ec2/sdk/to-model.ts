import type * as Sdk from "@aws-sdk/client-ec2"
import type {
  Attachment,
  Instance,
  NetworkInterface,
  SecurityGroup,
  Subnet,
  Tags,
  Vpc,
} from "../../vpc/model.ts"
import { interfaceType } from "../interface-type.ts"

/** What the SDK returns, as the port's model. Every member of the SDK's types is optional; absent text becomes "". */

const tagsOf = (tags: readonly Sdk.Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map((t) => [t.Key ?? "", t.Value ?? ""]))

const texts = (values: readonly (string | undefined)[]): string[] =>
  values.flatMap((value) => value ?? [])

export function vpcFrom(v: Sdk.Vpc): Vpc {
  const cidrs = (v.CidrBlockAssociationSet ?? []).map((c) => ({
    cidr: c.CidrBlock ?? "",
    associationId: c.AssociationId ?? "",
    state: c.CidrBlockState?.State ?? "",
  }))
  // The primary block comes first whatever the order of the answer.
  const primary = (c: { cidr: string }) => Number(c.cidr !== v.CidrBlock)
  cidrs.sort((a, b) => primary(a) - primary(b))
  return { id: v.VpcId ?? "", cidrs, tags: tagsOf(v.Tags) }
}

export const subnetFrom = (s: Sdk.Subnet): Subnet => ({
  id: s.SubnetId ?? "",
  vpcId: s.VpcId ?? "",
  zone: s.AvailabilityZone ?? "",
  cidr: s.CidrBlock ?? "",
  availableAddresses: s.AvailableIpAddressCount ?? 0,
  tags: tagsOf(s.Tags),
})

export const groupFrom = (g: Sdk.SecurityGroup): SecurityGroup => ({
  id: g.GroupId ?? "",
  name: g.GroupName ?? "",
  vpcId: g.VpcId ?? "",
  tags: tagsOf(g.Tags),
})

export const interfaceFrom = (i: Sdk.NetworkInterface): NetworkInterface => ({
  ...commonFrom(i),
  zone: i.AvailabilityZone ?? "",
  tags: tagsOf(i.TagSet),
  ...attachmentFrom(i.Attachment, i.Attachment?.InstanceId),
})

/** What both describe calls say of an interface. */
function commonFrom(i: Sdk.NetworkInterface | Sdk.InstanceNetworkInterface) {
  const all = i.PrivateIpAddresses ?? []
  return {
    id: i.NetworkInterfaceId ?? "",
    vpcId: i.VpcId ?? "",
    subnetId: i.SubnetId ?? "",
    mac: (i.MacAddress ?? "").toLowerCase(),
    description: i.Description ?? "",
    type: interfaceType(i.InterfaceType ?? "interface"),
    status: i.Status ?? "available",
    primaryAddress: i.PrivateIpAddress ?? "",
    addresses: texts(all.filter((a) => !a.Primary).map((a) => a.PrivateIpAddress)),
    prefixes: texts((i.Ipv4Prefixes ?? []).map((p) => p.Ipv4Prefix)),
    securityGroups: texts((i.Groups ?? []).map((g) => g.GroupId)),
    sourceDestCheck: i.SourceDestCheck ?? true,
  }
}

function attachmentFrom(
  a: Sdk.NetworkInterfaceAttachment | Sdk.InstanceNetworkInterfaceAttachment | undefined,
  instanceId = "",
): { attachment?: Attachment } {
  if (a === undefined) return {}
  return {
    attachment: {
      id: a.AttachmentId ?? "",
      instanceId,
      deviceIndex: a.DeviceIndex ?? 0,
      networkCard: a.NetworkCardIndex ?? 0,
      deleteOnTermination: a.DeleteOnTermination ?? false,
      state: a.Status ?? "attached",
    },
  }
}

export function instanceFrom(i: Sdk.Instance): Instance {
  const id = i.InstanceId ?? ""
  const zone = i.Placement?.AvailabilityZone ?? ""
  const interfaces = (i.NetworkInterfaces ?? []).map((eni) => ({
    ...commonFrom(eni),
    zone,
    tags: {},
    ...attachmentFrom(eni.Attachment, id),
  }))
  const slot = ({ attachment: a }: NetworkInterface) =>
    (a?.networkCard ?? 0) * 1000 + (a?.deviceIndex ?? 0)
  return {
    id,
    type: i.InstanceType ?? "",
    zone,
    vpcId: i.VpcId ?? "",
    subnetId: i.SubnetId ?? "",
    privateAddress: i.PrivateIpAddress ?? "",
    state: i.State?.Name ?? "pending",
    tags: tagsOf(i.Tags),
    interfaces: interfaces.sort((a, b) => slot(a) - slot(b)),
  }
}
