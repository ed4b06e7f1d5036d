import {
  family,
  messageFlag,
  messageType,
  neighbourAttribute,
  neighbourPermanent,
} from "./constants.ts"
import { MessageWriter, readAttributes } from "./message.ts"
import { ipv4Bytes, ipv4Text, macBytes, macText } from "./notation.ts"

/** struct ndmsg: family, three of padding, link index, state, flags, type. */
function neighbourBody(message: MessageWriter, index: number): MessageWriter {
  return message.u8(family.ipv4, 0, 0, 0).u32(index).u16(neighbourPermanent).u8(0, 0)
}

export function encodePutNeighbour(index: number, address: string, mac: string): MessageWriter {
  const flags = messageFlag.acknowledge | messageFlag.create | messageFlag.replace
  const message = new MessageWriter(messageType.newNeighbour, flags)
  return neighbourBody(message, index)
    .attribute(neighbourAttribute.address, ipv4Bytes(address))
    .attribute(neighbourAttribute.mac, macBytes(mac))
}

export function encodeRemoveNeighbour(index: number, address: string): MessageWriter {
  const message = new MessageWriter(messageType.deleteNeighbour, messageFlag.acknowledge)
  return neighbourBody(message, index).attribute(neighbourAttribute.address, ipv4Bytes(address))
}

export const encodeGetNeighbours = (): MessageWriter =>
  neighbourBody(new MessageWriter(messageType.getNeighbour, messageFlag.dump), 0)

/** Undefined for entries that the kernel learned: they come and go by themselves. */
export function decodeNeighbour(
  body: Buffer,
): { readonly index: number; readonly address: string; readonly mac: string } | undefined {
  if ((body.readUInt16LE(8) & neighbourPermanent) === 0) return undefined
  const attributes = readAttributes(body.subarray(12))
  const address = attributes.get(neighbourAttribute.address)
  const mac = attributes.get(neighbourAttribute.mac)
  if (!address || !mac) return undefined
  return { index: body.readUInt32LE(4), address: ipv4Text(address), mac: macText(mac) }
}
