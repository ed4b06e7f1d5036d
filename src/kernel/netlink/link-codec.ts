import type { Link } from "../kernel.ts"
import {
  family,
  linkAttribute,
  linkFlag,
  linkInfo,
  messageFlag,
  messageType,
  skipStatistics,
  vethPeer,
  vlanId,
} from "./constants.ts"
import { MessageWriter, readAttributes, textOf } from "./message.ts"
import { macBytes, macText } from "./notation.ts"

/** struct ifinfomsg: family, pad, device type, index, flags, which flags are meant. */
function infoBody(message: MessageWriter, index: number, up: boolean | undefined): MessageWriter {
  const flags = up === true ? linkFlag.up : 0
  const mask = up === undefined ? 0 : linkFlag.up
  return message.u8(family.unspecified, 0).u16(0).u32(index, flags, mask)
}

interface LinkEnd {
  readonly name: string
  readonly mac?: string | undefined
}

/**
 * One queue each way: the default is one per possible CPU, which makes a veth on 64 CPUs six times as slow to create,
 * and a veth uses more than one only under XDP or with GRO switched on (drivers/net/veth.c).
 */
function endAttributes(message: MessageWriter, end: LinkEnd, mtu: number): void {
  message.attributeText(linkAttribute.name, end.name)
  message.attributeU32(linkAttribute.mtu, mtu)
  message.attributeU32(linkAttribute.transmitQueues, 1)
  message.attributeU32(linkAttribute.receiveQueues, 1)
  if (end.mac) message.attribute(linkAttribute.address, macBytes(end.mac))
}

/**
 * A veth pair in one message: both ends named and addressed, this end up (if asked), the peer born in the namespace
 * behind `peerNamespaceFd`. Moving a finished device would cost several RCU grace periods instead. The peer stays down:
 * it is configured before the two are joined, when veth_open says ENOTCONN (drivers/net/veth.c).
 */
export function encodeVeth(v: {
  readonly end: LinkEnd
  readonly peer: LinkEnd
  readonly mtu: number
  readonly up: boolean
  readonly peerNamespaceFd: number
}): MessageWriter {
  const flags = messageFlag.acknowledge | messageFlag.create | messageFlag.exclusive
  const message = infoBody(new MessageWriter(messageType.newLink, flags), 0, v.up || undefined)
  endAttributes(message, v.end, v.mtu)
  return message.nested(linkAttribute.info, () => {
    message.attributeText(linkInfo.kind, "veth")
    message.nested(linkInfo.data, () => {
      message.nested(vethPeer, () => {
        infoBody(message, 0, undefined)
        endAttributes(message, v.peer, v.mtu)
        message.attributeU32(linkAttribute.namespaceFd, v.peerNamespaceFd)
      })
    })
  })
}

export function encodeVlan(v: {
  readonly name: string
  readonly parent: number
  readonly id: number
  readonly mac: string
  readonly mtu: number
}): MessageWriter {
  const flags = messageFlag.acknowledge | messageFlag.create | messageFlag.exclusive
  const message = infoBody(new MessageWriter(messageType.newLink, flags), 0, undefined)
  message.attributeU32(linkAttribute.link, v.parent)
  message.attributeText(linkAttribute.name, v.name)
  message.attributeU32(linkAttribute.mtu, v.mtu)
  message.attribute(linkAttribute.address, macBytes(v.mac))
  return message.nested(linkAttribute.info, () => {
    message.attributeText(linkInfo.kind, "vlan")
    const id = Buffer.alloc(2)
    id.writeUInt16LE(v.id)
    message.nested(linkInfo.data, () => void message.attribute(vlanId, id))
  })
}

/**
 * Asks for a link of a kind without saying which: makes nothing. Refused with EOPNOTSUPP where the kernel has no such
 * driver and cannot load it, else for what is missing (net/core/rtnetlink.c: the kind is looked up first).
 */
export function encodeProbe(kind: string): MessageWriter {
  const flags = messageFlag.acknowledge | messageFlag.create | messageFlag.exclusive
  const message = infoBody(new MessageWriter(messageType.newLink, flags), 0, undefined)
  return message.nested(linkAttribute.info, () => {
    message.attributeText(linkInfo.kind, kind)
  })
}

export function encodeSetLink(
  index: number,
  change: {
    readonly up?: boolean | undefined
    readonly mtu?: number | undefined
    readonly mac?: string | undefined
    readonly rename?: string | undefined
    readonly alias?: string | undefined
    readonly namespaceFd?: number | undefined
    readonly group?: number | undefined
  },
): MessageWriter {
  const message = new MessageWriter(messageType.newLink, messageFlag.acknowledge)
  infoBody(message, index, change.up)
  if (change.rename !== undefined) message.attributeText(linkAttribute.name, change.rename)
  if (change.mtu !== undefined) message.attributeU32(linkAttribute.mtu, change.mtu)
  if (change.mac !== undefined) message.attribute(linkAttribute.address, macBytes(change.mac))
  if (change.alias !== undefined) message.attribute(linkAttribute.alias, Buffer.from(change.alias))
  if (change.namespaceFd !== undefined)
    message.attributeU32(linkAttribute.namespaceFd, change.namespaceFd)
  if (change.group !== undefined) message.attributeU32(linkAttribute.group, change.group)
  return message
}

export function encodeDeleteLink(name: string): MessageWriter {
  const message = new MessageWriter(messageType.deleteLink, messageFlag.acknowledge)
  return infoBody(message, 0, undefined).attributeText(linkAttribute.name, name)
}

/** Deletes all links of the group at once, for which the kernel waits only once. */
export function encodeDeleteGroup(group: number): MessageWriter {
  const message = new MessageWriter(messageType.deleteLink, messageFlag.acknowledge)
  return infoBody(message, 0, undefined).attributeU32(linkAttribute.group, group)
}

/** Asks for one link by name, or for all of them. */
export function encodeGetLink(name?: string): MessageWriter {
  const flags = name === undefined ? messageFlag.dump : 0
  const message = infoBody(new MessageWriter(messageType.getLink, flags), 0, undefined)
  message.attributeU32(linkAttribute.extendedMask, skipStatistics)
  return name === undefined ? message : message.attributeText(linkAttribute.name, name)
}

/** The rest of a link is 40 attributes, which who only wants to name it need not read. */
export const decodeLinkIndex = (body: Buffer): number => body.readInt32LE(4)

export function decodeLink(body: Buffer): Link {
  const attributes = readAttributes(body.subarray(16))
  const info = attributes.get(linkAttribute.info)
  const kind = info && readAttributes(info).get(linkInfo.kind)
  const alias = attributes.get(linkAttribute.alias)
  return {
    index: decodeLinkIndex(body),
    name: textOf(attributes.get(linkAttribute.name) ?? Buffer.alloc(0)),
    mac: macText(attributes.get(linkAttribute.address) ?? Buffer.alloc(0)),
    mtu: attributes.get(linkAttribute.mtu)?.readUInt32LE() ?? 0,
    up: (body.readUInt32LE(8) & linkFlag.up) !== 0,
    ...(kind && { kind: textOf(kind) }),
    ...(alias && { alias: textOf(alias) }),
  }
}
