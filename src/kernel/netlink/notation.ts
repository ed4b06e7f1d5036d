import { formatAddress, parseAddress } from "../../vpc/cidr.ts"

/** Addresses between text and the bytes of a message. Berth is IPv4 only, as custom networking is. */

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(":", ""), "hex")

export const macText = (bytes: Buffer): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":")

export function ipv4Bytes(text: string): Buffer {
  const address = parseAddress(text)
  if (address === undefined) throw new TypeError(`"${text}" is not an IPv4 address`)
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(address)
  return bytes
}

export const ipv4Text = (bytes: Buffer): string => formatAddress(bytes.readUInt32BE())

/** "10.0.0.5/24" as the address's bytes and the prefix length; without a length it is a single address. */
export function prefixOf(text: string): { readonly bytes: Buffer; readonly length: number } {
  const [address = "", length = "32"] = text.split("/")
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32)
    throw new TypeError(`"${text}" is not an IPv4 prefix`)
  return { bytes: ipv4Bytes(address), length: Number(length) }
}

export const prefixText = (bytes: Buffer | undefined, length: number): string =>
  `${bytes ? ipv4Text(bytes) : "0.0.0.0"}/${length}`
