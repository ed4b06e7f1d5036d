/** A CIDR block as numbers: its first address and how many it holds. */
export interface Block {
  readonly first: number
  readonly size: number
}

/** Address as an unsigned 32-bit number; NaN when it is not dotted decimal. */
export function toNumber(address: string): number {
  const parts = address.split(".")
  if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) <= 255))
    return Number.NaN
  return parts.reduce((n, p) => n * 256 + Number(p), 0)
}

export const toAddress = (n: number): string =>
  [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join(".")

/** Size is NaN when `cidr` is malformed or has host bits set. */
export function blockOf(cidr: string): Block {
  const [address = "", length = ""] = cidr.split("/")
  const first = toNumber(address)
  const size = /^\d{1,2}$/.test(length) && Number(length) <= 32 ? 2 ** (32 - Number(length)) : NaN
  return first % size === 0 ? { first, size } : { first, size: Number.NaN }
}

export const contains = (outer: Block, inner: Block): boolean =>
  inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size

export const overlaps = (a: Block, b: Block): boolean =>
  a.first < b.first + b.size && b.first < a.first + a.size
