/** Addresses between text and the bytes of a message. Berth is IPv4 only, as custom networking is. */

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(":", ""), "hex")

export const macText = (bytes: Buffer): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":")

export function ipv4Bytes(address: string): Buffer {
  const parts = address.split(".")
  const bytes = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256))
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255))
    throw new TypeError(`"${address}" is not an IPv4 address`)
  return Buffer.from(bytes)
}

export const ipv4Text = (bytes: Buffer): string => bytes.join(".")

/** "10.0.0.0/24" as bytes and length; without a length it is a single address. */
export function prefixOf(cidr: string): { readonly bytes: Buffer; readonly length: number } {
  const [address = "", length = "32"] = cidr.split("/")
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32)
    throw new TypeError(`"${cidr}" is not an IPv4 prefix`)
  return { bytes: ipv4Bytes(address), length: Number(length) }
}

export const prefixText = (bytes: Buffer | undefined, length: number): string =>
  `${bytes ? ipv4Text(bytes) : "0.0.0.0"}/${length}`
