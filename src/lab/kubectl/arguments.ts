/** A kubectl command line after its verb. */
export interface Arguments {
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
  /** What follows `--`. */
  readonly rest: readonly string[]
}

const short: Record<string, string> = {
  n: "namespace",
  o: "output",
  f: "filename",
  l: "selector",
  A: "all-namespaces",
}
const valueless = new Set([
  "all-namespaces",
  "ignore-daemonsets",
  "delete-emptydir-data",
  "force",
  "overwrite",
])

export function parseArguments(argv: readonly string[]): Arguments {
  const words: string[] = []
  const options = new Map<string, string>()
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? ""
    if (arg === "--") return { words, options, rest: argv.slice(i + 1) }
    // A lone "-" is a file name, and a trailing "-" (taint, annotate) removes: neither is an option.
    const match = /^--([^=]+)(?:=(.*))?$/.exec(arg) ?? /^-([a-zA-Z])(?:=?(.+))?$/.exec(arg)
    if (match === null) {
      words.push(arg)
      continue
    }
    const name = short[match[1] ?? ""] ?? match[1] ?? ""
    options.set(name, match[2] ?? (valueless.has(name) ? "true" : (argv[++i] ?? "")))
  }
  return { words, options, rest: [] }
}
