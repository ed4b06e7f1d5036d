import type { Attachment, Instance, NetworkInterface, Subnet, Vpc } from "../../vpc/model.ts"
import type { Views } from "./core.ts"
import type {
  CloudAttachment,
  CloudInstance,
  CloudInterface,
  CloudSubnet,
  CloudVpc,
} from "./records.ts"
import { interfacesInOrder } from "./views.ts"

/** The twin's records as the port's model: exactly the members the model has, so that both implementations agree. */

export const modelVpc = ({ id, cidrs, tags }: CloudVpc): Vpc => ({ id, cidrs, tags })

export const modelSubnet = (s: CloudSubnet): Subnet => ({
  id: s.id,
  vpcId: s.vpcId,
  zone: s.zone,
  cidr: s.cidr,
  availableAddresses: s.availableAddresses,
  tags: s.tags,
})

const modelAttachment = (a: CloudAttachment): Attachment => ({
  id: a.id,
  instanceId: a.instanceId,
  deviceIndex: a.deviceIndex,
  networkCard: a.networkCard,
  deleteOnTermination: a.deleteOnTermination,
  state: a.state,
})

export const modelInterface = (i: CloudInterface): NetworkInterface => ({
  id: i.id,
  vpcId: i.vpcId,
  subnetId: i.subnetId,
  zone: i.zone,
  mac: i.mac,
  description: i.description,
  type: i.type,
  status: i.status,
  primaryAddress: i.primaryAddress,
  addresses: i.addresses,
  prefixes: i.prefixes,
  securityGroups: i.securityGroups,
  sourceDestCheck: i.sourceDestCheck,
  tags: i.tags,
  ...(i.attachment && { attachment: modelAttachment(i.attachment) }),
})

export function modelInstance(views: Views, instance: CloudInstance): Instance {
  const { id, type, zone, vpcId, subnetId, privateAddress, state, tags } = instance
  const interfaces = interfacesInOrder(views, id).map((i) => ({ ...modelInterface(i), tags: {} }))
  return { id, type, zone, vpcId, subnetId, privateAddress, state, tags, interfaces }
}
