import type { ErrorEntry } from "../../errors/berth-error.ts"
import { catalogue } from "../../errors/catalogue.ts"

/** docs/errors.md: every code, what it says (details as <names>), what to do, its CNI code and exit code. */
export function errorsPage(): string {
  const rows = Object.entries(catalogue).map(([code, e]) => {
    const entry = e as ErrorEntry<never>
    const hint = typeof entry.hint === "string" ? entry.hint : entry.hint(placeholders as never)
    return `| \`${code}\` | ${cell(entry.says(placeholders as never))} | ${cell(hint)} | ${entry.cni ?? ""} | ${entry.exit ?? 1} |`
  })
  return [
    "# Errors",
    "",
    "Generated from `src/errors` by `node scripts/docs.ts`. Codes are stable. CNI codes: specification 1.1, 11 = try again later.",
    "",
    "| code | what happened | what to do | CNI | exit |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n")
}

/** Stands for any detail: each property reads as its own name, and is used like the text or the list it stands for. */
const placeholders = new Proxy({}, { get: (_, name) => placeholder(String(name)) })

function placeholder(name: string): unknown {
  const shown = `<${name}>`
  const says = (key: string | symbol) => key === "toString" || key === Symbol.toPrimitive
  const element = new Proxy(
    {},
    { get: (_, key) => (says(key) ? () => shown : placeholder(String(key))) },
  )
  return new Proxy([element], {
    get(list, key) {
      if (says(key)) return () => shown
      if (key in list) return Reflect.get(list, key)
      const method: unknown = Reflect.get(String.prototype, key)
      return typeof method === "function" ? method.bind(shown) : method
    },
  })
}

/** An entry may say nothing but one detail, which is then the placeholder itself. */
const cell = (text: string) =>
  String(text).replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ")
