import type * as Sdk from "@aws-sdk/client-ec2"
import type { Tags } from "../../vpc/model.ts"
import type { AssignAddresses, CreateInterface, ModifyInterface } from "../ec2.ts"

/** The port's requests as the SDK's. A count of zero is left out: EC2 refuses it. */

const tagList = (tags: Tags): Sdk.Tag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

export function createInput(r: CreateInterface): Sdk.CreateNetworkInterfaceCommandInput {
  const tags = tagList(r.tags)
  return {
    SubnetId: r.subnetId,
    Description: r.description,
    ClientToken: r.clientToken,
    ...(r.securityGroups.length > 0 && { Groups: [...r.securityGroups] }),
    ...(r.addressCount && { SecondaryPrivateIpAddressCount: r.addressCount }),
    ...(r.prefixCount && { Ipv4PrefixCount: r.prefixCount }),
    ...(tags.length > 0 && {
      TagSpecifications: [{ ResourceType: "network-interface", Tags: tags }],
    }),
  }
}

export const assignInput = (r: AssignAddresses): Sdk.AssignPrivateIpAddressesCommandInput => ({
  NetworkInterfaceId: r.id,
  ...(r.addressCount && { SecondaryPrivateIpAddressCount: r.addressCount }),
  ...(r.prefixCount && { Ipv4PrefixCount: r.prefixCount }),
  ...(r.addresses && { PrivateIpAddresses: [...r.addresses] }),
})

export const modifyInput = (
  r: ModifyInterface,
): Sdk.ModifyNetworkInterfaceAttributeCommandInput => ({
  NetworkInterfaceId: r.id,
  ...("attachmentId" in r
    ? { Attachment: { AttachmentId: r.attachmentId, DeleteOnTermination: r.deleteOnTermination } }
    : { Groups: [...r.securityGroups] }),
})
