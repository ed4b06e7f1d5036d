import { badCombination } from "../../../ec2/memory/fault.ts"
import type { LaunchData } from "../../../ec2/memory/records.ts"
import { flag, given, ignored, integer, list, object, type Read, text } from "../shape.ts"
import type { XmlObject } from "../xml.ts"
import { type Scene, tagList, tagSpecifications, tagsFor } from "./action.ts"

/** Parameters that RunInstances and a launch template have in common. */
export const launchFields = {
  ImageId: text,
  InstanceType: text,
  SecurityGroupId: list(text),
  NetworkInterface: list(
    object({
      DeviceIndex: integer,
      SubnetId: text,
      SecurityGroupId: list(text),
      PrivateIpAddress: text,
      DeleteOnTermination: flag,
      AssociatePublicIpAddress: ignored,
      Description: ignored,
    }),
  ),
  UserData: text,
  KeyName: text,
  IamInstanceProfile: object({ Arn: text, Name: text }),
  MetadataOptions: object({
    HttpTokens: ignored,
    HttpEndpoint: ignored,
    HttpPutResponseHopLimit: integer,
    InstanceMetadataTags: ignored,
  }),
  TagSpecification: tagSpecifications,
  BlockDeviceMapping: ignored,
  EbsOptimized: ignored,
  Monitoring: ignored,
}
type LaunchParams = Read<typeof launchFields>

export function primaryInterface(p: LaunchParams) {
  const [nic, ...more] = p.NetworkInterface ?? []
  if (more.length > 0) throw badCombination("The lab starts instances with one network interface.")
  return nic
}

/** What a request says of the instances to start; what it leaves out stays absent. */
export function launchDataOf(p: LaunchParams, { cloud }: Scene): LaunchData {
  const { Arn, Name } = p.IamInstanceProfile ?? {}
  const named =
    Name === undefined ? undefined : `arn:aws:iam::${cloud.account}:instance-profile/${Name}`
  const tagged = (type: string) => {
    const tags = tagsFor(type, p.TagSpecification)
    return Object.keys(tags).length > 0 ? tags : undefined
  }
  return given({
    type: p.InstanceType,
    imageId: p.ImageId,
    securityGroups: primaryInterface(p)?.SecurityGroupId ?? p.SecurityGroupId,
    userData: p.UserData,
    keyName: p.KeyName,
    iamInstanceProfile: Arn ?? named,
    hopLimit: p.MetadataOptions?.HttpPutResponseHopLimit,
    tags: tagged("instance"),
    interfaceTags: tagged("network-interface"),
  })
}

export const showLaunchData = (data: LaunchData): XmlObject => ({
  imageId: data.imageId,
  instanceType: data.type,
  keyName: data.keyName,
  userData: data.userData,
  iamInstanceProfile:
    data.iamInstanceProfile === undefined ? undefined : { arn: data.iamInstanceProfile },
  securityGroupIdSet: data.securityGroups,
  metadataOptions:
    data.hopLimit === undefined
      ? undefined
      : { state: "applied", httpPutResponseHopLimit: data.hopLimit },
  tagSpecificationSet: [
    ...(data.tags ? [{ resourceType: "instance", tagSet: tagList(data.tags) }] : []),
    ...(data.interfaceTags
      ? [{ resourceType: "network-interface", tagSet: tagList(data.interfaceTags) }]
      : []),
  ],
})
