import { missing } from "../../../ec2/memory/fault.ts"
import {
  allocateAddress,
  associateAddress,
  createNatGateway,
  deleteNatGateway,
  disassociateAddress,
  releaseAddress,
} from "../../../ec2/memory/public-addresses.ts"
import type { ElasticAddress, NatGateway } from "../../../ec2/memory/records.ts"
import {
  describeElasticAddresses,
  describeNatGateways,
  interfacesInOrder,
} from "../../../ec2/memory/views.ts"
import { flag, given, ignored, oneOf, required, text } from "../shape.ts"
import type { XmlObject } from "../xml.ts"
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

const showNatGateway = (gateway: NatGateway): XmlObject => ({
  natGatewayId: gateway.id,
  createTime: new Date(gateway.createdAt),
  state: gateway.state,
  subnetId: gateway.subnetId,
  vpcId: gateway.vpcId,
  connectivityType: gateway.publicAddress === undefined ? "private" : "public",
  natGatewayAddressSet: [
    {
      allocationId: gateway.allocationId,
      networkInterfaceId: gateway.interfaceId,
      privateIp: gateway.privateAddress,
      publicIp: gateway.publicAddress,
      isPrimary: true,
      status: "succeeded",
    },
  ],
  tagSet: tagList(gateway.tags),
})

const showAddress = (address: ElasticAddress, scene: Scene): XmlObject => {
  const { association } = address
  const eni = association && scene.views.networkInterface.get(association.interfaceId)
  return {
    publicIp: address.publicAddress,
    allocationId: address.id,
    domain: "vpc",
    associationId: association?.id,
    networkInterfaceId: association?.interfaceId,
    networkInterfaceOwnerId: association && scene.cloud.account,
    privateIpAddress: association?.privateAddress,
    instanceId: eni?.attachment?.instanceId,
    networkBorderGroup: scene.cloud.region,
    tagSet: tagList(address.tags),
  }
}

export const publicAddressActions: Readonly<Record<string, Action>> = {
  DescribeNatGateways: describe({
    ids: "NatGatewayId",
    set: "natGatewaySet",
    read: describeNatGateways,
    show: showNatGateway,
  }),

  CreateNatGateway: action({
    in: {
      SubnetId: required(text),
      AllocationId: text,
      ConnectivityType: oneOf("public", "private"),
      TagSpecification: tagSpecifications,
      ClientToken: ignored,
    },
    run: ({ core }, p) => {
      const gateway = createNatGateway(
        core,
        given({
          subnetId: p.SubnetId,
          allocationId: p.AllocationId,
          isPrivate: p.ConnectivityType === "private",
          tags: tagsFor("natgateway", p.TagSpecification),
        }),
      )
      return { natGateway: showNatGateway(gateway) }
    },
  }),

  DeleteNatGateway: action({
    in: { NatGatewayId: required(text) },
    run: ({ core }, p) => ({ natGatewayId: deleteNatGateway(core, { id: p.NatGatewayId }).id }),
  }),

  DescribeAddresses: describe({
    ids: "AllocationId",
    set: "addressesSet",
    paged: false,
    read: describeElasticAddresses,
    show: showAddress,
  }),

  AllocateAddress: action({
    in: { Domain: ignored, TagSpecification: tagSpecifications, NetworkBorderGroup: ignored },
    run: ({ core, cloud }, p) => {
      const address = allocateAddress(core, { tags: tagsFor("elastic-ip", p.TagSpecification) })
      return {
        publicIp: address.publicAddress,
        allocationId: address.id,
        domain: "vpc",
        networkBorderGroup: cloud.region,
      }
    },
  }),

  ReleaseAddress: command({
    in: { AllocationId: required(text), NetworkBorderGroup: ignored },
    run: ({ core }, p) => releaseAddress(core, { id: p.AllocationId }),
  }),

  AssociateAddress: action({
    in: {
      AllocationId: required(text),
      NetworkInterfaceId: text,
      InstanceId: text,
      PrivateIpAddress: text,
      AllowReassociation: flag,
    },
    run: ({ core, views }, p) => {
      const primary =
        p.InstanceId === undefined ? undefined : interfacesInOrder(views, p.InstanceId)[0]
      const interfaceId = p.NetworkInterfaceId ?? primary?.id
      if (interfaceId === undefined) throw missing("networkInterfaceId")
      const request = { id: p.AllocationId, interfaceId, privateAddress: p.PrivateIpAddress }
      return { ...done, associationId: associateAddress(core, given(request)) }
    },
  }),

  DisassociateAddress: command({
    in: { AssociationId: required(text) },
    run: ({ core }, p) => disassociateAddress(core, { associationId: p.AssociationId }),
  }),
}
