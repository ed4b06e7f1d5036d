/** Distinguished Encoding Rules (X.690), as far as a certificate needs them. */

const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const

/** Tag, length, value: the form of everything in DER. */
function encode(type: number, ...content: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(content)
  const { length } = value
  if (length < 0x80) return Buffer.concat([Buffer.of(type, length), value])
  const hex = length.toString(16)
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex")
  return Buffer.concat([Buffer.of(type, 0x80 | bytes.length), bytes, value])
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => encode(tag.sequence, ...parts)
export const set = (...parts: readonly Uint8Array[]): Buffer => encode(tag.set, ...parts)
export const boolean = (value: boolean): Buffer => encode(tag.boolean, Buffer.of(value ? 0xff : 0))
export const octetString = (content: Uint8Array): Buffer => encode(tag.octetString, content)
export const utf8 = (text: string): Buffer => encode(tag.utf8, Buffer.from(text))

/** A non-negative integer as big-endian bytes; a leading zero keeps a high first bit from meaning "negative". */
export const integer = (bytes: Uint8Array): Buffer =>
  encode(tag.integer, (bytes[0] ?? 0) & 0x80 ? Buffer.of(0) : Buffer.of(), bytes)

export const bitString = (content: Uint8Array, unusedBits = 0): Buffer =>
  encode(tag.bitString, Buffer.of(unusedBits), content)

/** `2.5.29.17`: the first two numbers share a byte, the others are base 128 with a continuation bit. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const base128 = (n: number): number[] => {
    const digits = [n & 0x7f]
    for (let left = n >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
    return digits
  }
  return encode(tag.objectId, Buffer.of(first * 40 + second, ...rest.flatMap(base128)))
}

/** YYMMDDHHMMSSZ, which RFC 5280 wants for every date before 2050. */
export const time = (date: Date): Buffer =>
  encode(tag.utcTime, Buffer.from(date.toISOString().replace(/^..|[-:T]|\.\d+/g, "")))

/** [number] of a choice or optional field; constructed unless `primitive`. */
export const context = (number: number, content: Uint8Array, primitive = false): Buffer =>
  encode((primitive ? 0x80 : 0xa0) | number, content)
