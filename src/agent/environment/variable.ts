/**
 * One environment variable as data: parsing, the reference page and the report of what is not served all read it.
 * The original's names and meanings are kept; where it guesses on a bad value, Berth says so (`onInvalid`).
 */
export interface Variable<T> {
  readonly type: string
  /** Text of the default as the reference shows it; "" = not set. */
  readonly default: string
  readonly says: string
  /** Undefined when the text cannot be used. */
  readonly parse: (text: string) => T | undefined
  /** What `parse` accepts, in words. */
  readonly expects: string
  readonly initial: T
  /**
   * "refuse": the agent does not start, because a guess could put pods in the wrong subnet or break their traffic.
   * "default": the default is used and the problem reported, as the original does for this variable.
   */
  readonly onInvalid: "refuse" | "default"
  /** Why Berth does not act on it, and what to do instead. A value other than the default is then reported. */
  readonly notServed?: string
}

type Rest = Partial<Pick<Variable<unknown>, "onInvalid" | "notServed">>

/** Both forms of Go's strconv.ParseBool, which the original's users know. */
const goBool: Record<string, boolean> = {
  ...Object.fromEntries(["1", "t", "T", "TRUE", "true", "True"].map((text) => [text, true])),
  ...Object.fromEntries(["0", "f", "F", "FALSE", "false", "False"].map((text) => [text, false])),
}

export const bool = (initial: boolean, says: string, rest: Rest = {}): Variable<boolean> => ({
  type: "boolean",
  default: String(initial),
  initial,
  says,
  expects: "true or false (also 1, 0, t, f)",
  parse: (text) => goBool[text],
  onInvalid: "refuse",
  ...rest,
})

interface Range {
  readonly min: number
  readonly max?: number
  /** Also 0x...: Go's Atoi does not take it, so only where the original uses ParseInt. */
  readonly hex?: boolean
}

const integerText = (hex: boolean) => (hex ? /^(?:-?\d+|0x[0-9a-fA-F]+)$/ : /^-?\d+$/)

function inRange(text: string, { min, max = Number.MAX_SAFE_INTEGER, hex = false }: Range) {
  const value = integerText(hex).test(text) ? Number(text) : Number.NaN
  return value >= min && value <= max ? value : undefined
}

const rangeWords = ({ min, max, hex }: Range) =>
  `a whole number, ${max === undefined ? `${min} or more` : `${min} to ${max}`}${hex ? " (also 0x...)" : ""}`

export const integer = (
  initial: number,
  range: Range,
  says: string,
  rest: Rest = {},
): Variable<number> => ({
  type: "integer",
  default: String(initial),
  initial,
  says,
  expects: rangeWords(range),
  parse: (text) => inRange(text, range),
  onInvalid: "refuse",
  ...rest,
})

/** Not set, or too small to mean anything, is undefined. */
export const target = (range: Range, says: string): Variable<number | undefined> => ({
  type: "integer",
  default: "",
  initial: undefined,
  says,
  expects: rangeWords(range),
  parse: (text) => inRange(text, range),
  onInvalid: "default",
})

export const text = (initial: string, says: string, rest: Rest = {}): Variable<string> => ({
  type: "string",
  default: initial,
  initial,
  says,
  expects: "text",
  parse: (value) => value,
  onInvalid: "refuse",
  ...rest,
})

export const choice = <const T extends string>(
  initial: T,
  values: readonly T[],
  says: string,
  rest: Rest = {},
): Variable<T> => ({
  type: "one of",
  default: initial,
  initial,
  says,
  expects: values.join(", "),
  parse: (value) => values.find((v) => v === value.toLowerCase()),
  onInvalid: "refuse",
  ...rest,
})

/** Any other kind of value. */
export const custom = <T>(v: Omit<Variable<T>, "onInvalid"> & Rest): Variable<T> => ({
  onInvalid: "refuse",
  ...v,
})
