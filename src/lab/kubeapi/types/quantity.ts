/**
 * resource.Quantity: a decimal number with a decimal (m, k, M, ...), binary (Ki, Mi, ...) or exponent suffix. Values
 * are kept as an integer of thousandths' thousandths (10^-9), exact for everything a cluster states.
 */
export interface Quantity {
  /** In units of 10^-9. */
  readonly nano: bigint
  readonly format: "decimal" | "binary" | "exponent"
}

const nanoPerUnit = 1_000_000_000n
const decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
const binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/

/** Undefined when the text is not a quantity. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = form.exec(text)
  if (!match || (match[2] === "" && (match[3] ?? "") === "")) return undefined
  const [, sign, whole = "", fraction = "", suffix = "", exponent] = match
  const digits = BigInt(`${whole}${fraction}` || "0")
  let nano = digits
  let power = 9 - fraction.length + Number(exponent ?? 0)
  const isBinary = suffix.endsWith("i")
  if (isBinary) nano *= 1024n ** BigInt(binary.indexOf(suffix))
  else power += (decimal.indexOf(suffix) - 3) * 3
  // Finer than a billionth is rounded up, as the API does.
  nano = power >= 0 ? nano * 10n ** BigInt(power) : ceilDivide(nano, 10n ** BigInt(-power))
  return {
    nano: sign === "-" ? -nano : nano,
    format: isBinary ? "binary" : exponent === undefined ? "decimal" : "exponent",
  }
}

const ceilDivide = (a: bigint, b: bigint) => (a + b - 1n) / b

/** The canonical text: the largest suffix that leaves no fraction; the text itself when it is not a quantity. */
export function canonicalQuantity(text: string): string {
  const quantity = parseQuantity(text)
  if (quantity === undefined) return text
  const { nano, format } = quantity
  if (nano === 0n) return "0"
  if (format === "binary" && nano % nanoPerUnit === 0n) {
    let units = nano / nanoPerUnit
    let suffix = 0
    while (suffix < binary.length - 1 && units % 1024n === 0n) {
      units /= 1024n
      suffix++
    }
    return `${units}${binary[suffix]}`
  }
  let value = nano
  let suffix = 0
  while (suffix < decimal.length - 1 && value % 1000n === 0n) {
    value /= 1000n
    suffix++
  }
  const power = (suffix - 3) * 3
  if (format === "exponent") return power === 0 ? `${value}` : `${value}e${power}`
  return `${value}${decimal[suffix]}`
}

/** The value as a number, for comparing and for tables. NaN when the text is not a quantity. */
export function quantityValue(text: string): number {
  const quantity = parseQuantity(text)
  return quantity === undefined ? Number.NaN : Number(quantity.nano) / 1e9
}
