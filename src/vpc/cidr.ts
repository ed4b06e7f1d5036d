/** IPv4 addresses as unsigned 32-bit integers in a JavaScript number; blocks as first address and prefix length. */

/** 0 to 2^32-1. */
export type Address = number

export interface Cidr {
  /** First address; the bits below the prefix are zero. */
  readonly base: Address
  /** Prefix length, 0 to 32. */
  readonly length: number
}

/**
 * Reads dotted-quad notation; undefined when malformed. Leading zeros are refused: inet_aton reads them as octal, so
 * two programs could see two different addresses.
 */
export function parseAddress(text: string): Address | undefined {
  const parts = text.split(".")
  if (parts.length !== 4) return undefined
  let address = 0
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part)) return undefined
    const octet = Number(part)
    if (octet > 255) return undefined
    address = address * 256 + octet
  }
  return address
}

export const formatAddress = (address: Address): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`

/** Reads `a.b.c.d/n`; undefined when malformed or when bits below the prefix are set. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/")
  const base = parseAddress(text.slice(0, Math.max(0, slash)))
  const digits = text.slice(slash + 1)
  if (slash < 0 || base === undefined || !/^(?:\d|[12]\d|3[0-2])$/.test(digits)) return undefined
  const length = Number(digits)
  return base % sizeOfLength(length) === 0 ? { base, length } : undefined
}

export const formatCidr = (cidr: Cidr): string => `${formatAddress(cidr.base)}/${cidr.length}`

/** Addresses in a block of this prefix length. */
export const sizeOfLength = (length: number): number => 2 ** (32 - length)

export const sizeOf = (cidr: Cidr): number => sizeOfLength(cidr.length)

/** Last address of the block. */
export const lastOf = (cidr: Cidr): Address => cidr.base + sizeOf(cidr) - 1

/** The block of this prefix length that holds the address. */
export const blockOf = (address: Address, length: number): Cidr => ({
  base: address - (address % sizeOfLength(length)),
  length,
})

export const holds = (cidr: Cidr, address: Address): boolean =>
  address >= cidr.base && address <= lastOf(cidr)

/** Whether every address of `inner` is in `outer`. */
export const contains = (outer: Cidr, inner: Cidr): boolean =>
  outer.length <= inner.length && holds(outer, inner.base)

export const overlaps = (a: Cidr, b: Cidr): boolean => contains(a, b) || contains(b, a)
