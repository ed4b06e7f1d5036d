/** The variables that nodeadm gives to `maxPodsExpression`. */
export interface MaxPodsInputs {
  default_enis: number
  ips_per_eni: number
  max_pods: number
}

const max = 2 ** 31 - 1

/**
 * Evaluates nodeadm's `maxPodsExpression`: of CEL the integer arithmetic, comparison and `a ? b : c` that such
 * expressions use. Undefined when it cannot be evaluated or is no positive int; nodeadm then takes the standard value.
 */
export function evaluateMaxPods(text: string, inputs: MaxPodsInputs): number | undefined {
  const tokens = text.match(/\d+|[a-z_]+|[<>=!]=|&&|\|\||[-+*/%()?:<>]/g) ?? []
  if (tokens.join("") !== text.replaceAll(/\s/g, "")) return undefined
  const reader: Reader = { tokens, at: 0, inputs }
  const value = choice(reader)
  const usable = Number.isInteger(value) && value > 0 && value <= max
  return reader.at === tokens.length && usable ? value : undefined
}

interface Reader {
  tokens: string[]
  at: number
  inputs: MaxPodsInputs
}

const take = (r: Reader, ...any: string[]): string | undefined => {
  const token = r.tokens[r.at]
  if (token === undefined || !any.includes(token)) return undefined
  r.at++
  return token
}

function choice(r: Reader): number {
  const condition = binary(r, 0)
  if (!take(r, "?")) return condition
  const yes = choice(r)
  if (!take(r, ":")) return Number.NaN
  const no = choice(r)
  return condition ? yes : no
}

type Operation = (a: number, b: number) => number

/** Weakest binding first. CEL divides ints towards zero. */
const levels: readonly Readonly<Record<string, Operation>>[] = [
  { "||": (a, b) => a || b },
  { "&&": (a, b) => a && b },
  {
    "<": (a, b) => Number(a < b),
    ">": (a, b) => Number(a > b),
    "<=": (a, b) => Number(a <= b),
    ">=": (a, b) => Number(a >= b),
    "==": (a, b) => Number(a === b),
    "!=": (a, b) => Number(a !== b),
  },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "/": (a, b) => Math.trunc(a / b), "%": (a, b) => a % b },
]

function binary(r: Reader, level: number): number {
  const operations = levels[level]
  if (!operations) return primary(r)
  let value = binary(r, level + 1)
  for (;;) {
    const operator = take(r, ...Object.keys(operations))
    if (operator === undefined) return value
    value = operations[operator]!(value, binary(r, level + 1))
  }
}

function primary(r: Reader): number {
  const token = r.tokens[r.at++]
  if (token === "(") {
    const value = choice(r)
    return take(r, ")") ? value : Number.NaN
  }
  if (token === "-") return -primary(r)
  if (token !== undefined && /^\d+$/.test(token)) return Number(token)
  const known = Object.entries(r.inputs).find(([name]) => name === token)
  return known ? known[1] : Number.NaN
}
