/** Which options and operands of a program are let through. What is not named is refused. */
export interface ProgramRules {
  /** Letters of options without a value: "sSf". */
  flags?: string
  /** Options with a value, by letter or long name, and which values pass. */
  values?: Readonly<Record<string, RegExp>>
  /** Long options without a value. */
  long?: readonly string[]
  operand?: RegExp
  /** For programs whose options are whole words behind one dash. */
  dashed?: RegExp
  /** Options of which one must be there. */
  needs?: readonly string[]
}

/** Undefined when every argument passes, else the one that does not. */
export function forbiddenArgument(
  rules: ProgramRules,
  args: readonly string[],
): string | undefined {
  const { flags = "", values = {}, long = [], operand = /^$/, dashed, needs } = rules
  const seen = new Set<string>()
  const left = [...args]
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    if (arg.startsWith("--")) {
      const [name = "", inline] = arg.slice(2).split(/=(.*)/s)
      seen.add(name)
      if (long.includes(name) && inline === undefined) continue
      const rule = own(values, name)
      const value = inline ?? (rule && left.shift())
      if (!rule || value === undefined || !rule.test(value)) return arg
    } else if (dashed && arg.startsWith("-")) {
      if (!dashed.test(arg)) return arg
    } else if (/^-./.test(arg)) {
      for (let at = 1; at < arg.length; at++) {
        const letter = arg[at] ?? ""
        seen.add(letter)
        if (flags.includes(letter)) continue
        const rule = own(values, letter)
        // As getopt reads it: the rest of the word is the value, or else the next word.
        const value = arg.slice(at + 1) || (rule && left.shift())
        if (!rule || value === undefined || !rule.test(value)) return arg
        break
      }
    } else if (!operand.test(arg)) return arg
  }
  if (needs && !needs.some((name) => seen.has(name))) return `without -${needs[0]}`
  return undefined
}

const own = (values: Readonly<Record<string, RegExp>>, name: string) =>
  Object.hasOwn(values, name) ? values[name] : undefined
