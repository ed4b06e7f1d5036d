import { addressAttribute, addressFlag, family, messageFlag, messageType } from "./constants.ts"
import { MessageWriter, readAttributes } from "./message.ts"
import { prefixOf, prefixText } from "./notation.ts"

/** struct ifaddrmsg: family, prefix length, flags, scope, link index. */
function addressBody(message: MessageWriter, length: number, index: number): MessageWriter {
  return message.u8(family.ipv4, length, 0, 0).u32(index)
}

export function encodePutAddress(
  index: number,
  address: string,
  noPrefixRoute: boolean,
): MessageWriter {
  const { bytes, length } = prefixOf(address)
  const flags = messageFlag.acknowledge | messageFlag.create | messageFlag.replace
  const message = addressBody(new MessageWriter(messageType.newAddress, flags), length, index)
  message.attribute(addressAttribute.local, bytes).attribute(addressAttribute.address, bytes)
  return noPrefixRoute
    ? message.attributeU32(addressAttribute.flags, addressFlag.noPrefixRoute)
    : message
}

export function encodeRemoveAddress(index: number, address: string): MessageWriter {
  const { bytes, length } = prefixOf(address)
  const message = new MessageWriter(messageType.deleteAddress, messageFlag.acknowledge)
  return addressBody(message, length, index)
    .attribute(addressAttribute.local, bytes)
    .attribute(addressAttribute.address, bytes)
}

export const encodeGetAddresses = (): MessageWriter =>
  addressBody(new MessageWriter(messageType.getAddress, messageFlag.dump), 0, 0)

export function decodeAddress(body: Buffer): { readonly index: number; readonly address: string } {
  const attributes = readAttributes(body.subarray(8))
  const local = attributes.get(addressAttribute.local) ?? attributes.get(addressAttribute.address)
  return { index: body.readUInt32LE(4), address: prefixText(local, body.readUInt8(1)) }
}
