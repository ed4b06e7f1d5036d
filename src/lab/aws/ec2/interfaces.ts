import { attachInterface, detachInterface } from "../../../ec2/memory/attachments.ts"
import {
  assignAddresses,
  createInterface,
  deleteInterface,
  interfaceOf,
  modifyInterface,
  unassignAddresses,
} from "../../../ec2/memory/interfaces.ts"
import type { CloudInterface } from "../../../ec2/memory/records.ts"
import { describeInterfaces } from "../../../ec2/memory/views.ts"
import type { InterfaceType } from "../../../vpc/model.ts"
import { flag, given, ignored, integer, list, object, oneOf, required, text } from "../shape.ts"
import type { Xml, XmlObject } from "../xml.ts"
import {
  type Action,
  action,
  command,
  describe,
  done,
  type Scene,
  tagList,
  tagSpecifications,
  tagsFor,
} from "./action.ts"

const privateName = (address: string, scene: Scene) =>
  `ip-${address.replaceAll(".", "-")}.${scene.cloud.region}.compute.internal`

const groupSet = (ids: readonly string[], scene: Scene): Xml =>
  ids.map((groupId) => ({
    groupId,
    groupName: scene.core.tables.securityGroup.get(groupId)?.name ?? "",
  }))

const association = (eni: CloudInterface, address: string, scene: Scene): Xml => {
  const publicIp = eni.publicAddresses[address]
  return publicIp === undefined ? undefined : { publicIp, ipOwnerId: scene.cloud.account }
}

const addressSet = (eni: CloudInterface, scene: Scene): Xml =>
  [eni.primaryAddress, ...eni.addresses].map((address) => ({
    association: association(eni, address, scene),
    primary: address === eni.primaryAddress,
    privateDnsName: privateName(address, scene),
    privateIpAddress: address,
  }))

const attachment = (eni: CloudInterface): XmlObject | undefined =>
  eni.attachment && {
    attachTime: new Date(eni.attachment.attachedAt),
    attachmentId: eni.attachment.id,
    deleteOnTermination: eni.attachment.deleteOnTermination,
    deviceIndex: eni.attachment.deviceIndex,
    networkCardIndex: eni.attachment.networkCard,
    status: eni.attachment.state,
  }

/** With the instance, which DescribeInstances leaves out. */
const attachmentTo = (eni: CloudInterface, scene: Scene): Xml =>
  eni.attachment && {
    ...attachment(eni),
    instanceId: eni.attachment.instanceId,
    instanceOwnerId: scene.cloud.account,
  }

const showInterface = (eni: CloudInterface, scene: Scene): XmlObject => ({
  ...showCommon(eni, scene),
  attachment: attachmentTo(eni, scene),
  availabilityZone: eni.zone,
  requesterId: eni.serviceType ? "amazon-aws" : scene.cloud.account,
  requesterManaged: eni.serviceType !== undefined,
  tagSet: tagList(eni.tags),
})

/** What DescribeInstances shows of an interface as well: neither its tags nor its zone. */
export const showCommon = (eni: CloudInterface, scene: Scene): XmlObject => ({
  association: association(eni, eni.primaryAddress, scene),
  attachment: attachment(eni),
  description: eni.description,
  groupSet: groupSet(eni.securityGroups, scene),
  interfaceType: eni.serviceType ?? eni.type,
  ipv4PrefixSet: eni.prefixes.map((ipv4Prefix) => ({ ipv4Prefix })),
  ipv6AddressesSet: [],
  macAddress: eni.mac,
  networkInterfaceId: eni.id,
  ownerId: scene.cloud.account,
  privateDnsName: privateName(eni.primaryAddress, scene),
  privateIpAddress: eni.primaryAddress,
  privateIpAddressesSet: addressSet(eni, scene),
  sourceDestCheck: eni.sourceDestCheck,
  status: eni.status,
  subnetId: eni.subnetId,
  vpcId: eni.vpcId,
})

const namedAddresses = list(object({ Primary: flag, PrivateIpAddress: required(text) }))
const namedPrefixes = list(object({ Ipv4Prefix: required(text) }))

export const interfaceActions: Readonly<Record<string, Action>> = {
  DescribeNetworkInterfaces: describe({
    ids: "NetworkInterfaceId",
    set: "networkInterfaceSet",
    ignores: ["IncludeManagedResources"],
    read: describeInterfaces,
    show: showInterface,
  }),

  CreateNetworkInterface: action({
    in: {
      SubnetId: required(text),
      Description: text,
      SecurityGroupId: list(text),
      PrivateIpAddress: text,
      PrivateIpAddresses: namedAddresses,
      SecondaryPrivateIpAddressCount: integer,
      Ipv4Prefix: namedPrefixes,
      Ipv4PrefixCount: integer,
      InterfaceType: oneOf<InterfaceType>("interface", "trunk", "branch", "efa", "efa-only"),
      TagSpecification: tagSpecifications,
      ClientToken: text,
      ConnectionTrackingSpecification: ignored,
    },
    run: (scene, p) => {
      const named = p.PrivateIpAddresses ?? []
      const eni = createInterface(
        scene.core,
        given({
          subnetId: p.SubnetId,
          description: p.Description,
          securityGroups: p.SecurityGroupId,
          primaryAddress: p.PrivateIpAddress ?? named.find((a) => a.Primary)?.PrivateIpAddress,
          addresses: named.filter((a) => !a.Primary).map((a) => a.PrivateIpAddress),
          addressCount: p.SecondaryPrivateIpAddressCount,
          prefixes: p.Ipv4Prefix?.map((x) => x.Ipv4Prefix),
          prefixCount: p.Ipv4PrefixCount,
          type: p.InterfaceType,
          tags: tagsFor("network-interface", p.TagSpecification),
          clientToken: p.ClientToken,
        }),
      )
      return { networkInterface: showInterface(eni, scene), clientToken: p.ClientToken }
    },
  }),

  DeleteNetworkInterface: command({
    in: { NetworkInterfaceId: required(text) },
    run: ({ core }, p) => deleteInterface(core, { id: p.NetworkInterfaceId }),
  }),

  AttachNetworkInterface: action({
    in: {
      NetworkInterfaceId: required(text),
      InstanceId: required(text),
      DeviceIndex: required(integer),
      NetworkCardIndex: integer,
      EnaSrdSpecification: ignored,
    },
    run: ({ core }, p) => ({
      attachmentId: attachInterface(core, {
        id: p.NetworkInterfaceId,
        instanceId: p.InstanceId,
        deviceIndex: p.DeviceIndex,
        networkCard: p.NetworkCardIndex ?? 0,
      }),
      networkCardIndex: p.NetworkCardIndex ?? 0,
    }),
  }),

  DetachNetworkInterface: command({
    in: { AttachmentId: required(text), Force: ignored },
    run: ({ core }, p) => detachInterface(core, { attachmentId: p.AttachmentId }),
  }),

  ModifyNetworkInterfaceAttribute: command({
    in: {
      NetworkInterfaceId: required(text),
      SecurityGroupId: list(text),
      Description: object({ Value: text }),
      SourceDestCheck: object({ Value: flag }),
      Attachment: object({ AttachmentId: required(text), DeleteOnTermination: required(flag) }),
    },
    run: ({ core }, p) =>
      modifyInterface(
        core,
        given({
          id: p.NetworkInterfaceId,
          securityGroups: p.SecurityGroupId,
          description: p.Description?.Value,
          sourceDestCheck: p.SourceDestCheck?.Value,
          attachment: p.Attachment && {
            id: p.Attachment.AttachmentId,
            deleteOnTermination: p.Attachment.DeleteOnTermination,
          },
        }),
      ),
  }),

  DescribeNetworkInterfaceAttribute: action({
    in: {
      NetworkInterfaceId: required(text),
      Attribute: required(oneOf("description", "groupSet", "sourceDestCheck", "attachment")),
    },
    run: (scene, p) => {
      const eni = interfaceOf(scene.core, p.NetworkInterfaceId)
      const attributes = {
        description: { value: eni.description },
        groupSet: groupSet(eni.securityGroups, scene),
        sourceDestCheck: { value: eni.sourceDestCheck },
        attachment: attachmentTo(eni, scene),
      }
      return { networkInterfaceId: eni.id, [p.Attribute]: attributes[p.Attribute] }
    },
  }),

  AssignPrivateIpAddresses: action({
    in: {
      NetworkInterfaceId: required(text),
      PrivateIpAddress: list(text),
      SecondaryPrivateIpAddressCount: integer,
      Ipv4Prefix: list(text),
      Ipv4PrefixCount: integer,
      AllowReassignment: flag,
    },
    run: ({ core }, p) => {
      const got = assignAddresses(
        core,
        given({
          id: p.NetworkInterfaceId,
          addresses: p.PrivateIpAddress,
          addressCount: p.SecondaryPrivateIpAddressCount,
          prefixes: p.Ipv4Prefix,
          prefixCount: p.Ipv4PrefixCount,
          allowReassignment: p.AllowReassignment,
        }),
      )
      return {
        networkInterfaceId: p.NetworkInterfaceId,
        assignedPrivateIpAddressesSet: got.addresses.map((privateIpAddress) => ({
          privateIpAddress,
        })),
        assignedIpv4PrefixSet: got.prefixes.map((ipv4Prefix) => ({ ipv4Prefix })),
        ...done,
      }
    },
  }),

  UnassignPrivateIpAddresses: command({
    in: {
      NetworkInterfaceId: required(text),
      PrivateIpAddress: list(text),
      Ipv4Prefix: list(text),
    },
    run: ({ core }, p) =>
      unassignAddresses(
        core,
        given({
          id: p.NetworkInterfaceId,
          addresses: p.PrivateIpAddress,
          prefixes: p.Ipv4Prefix,
        }),
      ),
  }),
}
