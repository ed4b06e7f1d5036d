/** A token of the Common Expression Language (cel-spec, langdef.md). */
export interface Token {
  readonly kind: "name" | "number" | "string" | "operator" | "end"
  readonly text: string
  readonly value?: unknown
}

const form =
  /\s+|\/\/[^\n]*|(?<number>0x[0-9a-fA-F]+u?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?u?)|(?<string>[rR]?(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))|(?<name>[A-Za-z_]\w*)|(?<operator>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]{}])/y

export class CelSyntaxError extends Error {}

/** Throws CelSyntaxError for text that is not CEL. */
export function tokens(source: string): Token[] {
  const out: Token[] = []
  form.lastIndex = 0
  while (form.lastIndex < source.length) {
    const at = form.lastIndex
    const groups = form.exec(source)?.groups
    if (groups === undefined) {
      if (form.lastIndex > at) continue
      throw new CelSyntaxError(`unexpected ${JSON.stringify(source[at])} at ${at}`)
    }
    const { number, string, name, operator } = groups
    if (number !== undefined) {
      out.push({ kind: "number", text: number, value: Number(number.replace(/u$/, "")) })
    } else if (string !== undefined)
      out.push({ kind: "string", text: string, value: unquote(string) })
    else if (name !== undefined) out.push({ kind: "name", text: name })
    else if (operator !== undefined) out.push({ kind: "operator", text: operator })
  }
  return [...out, { kind: "end", text: "" }]
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "0": "\0" }

function unquote(text: string): string {
  const raw = /^[rR]/.test(text)
  const quoted = raw ? text.slice(1) : text
  const width = /^("""|''')/.test(quoted) ? 3 : 1
  const inner = quoted.slice(width, -width)
  if (raw) return inner
  return inner.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/gs, (_, e: string) =>
    e.length > 1 ? String.fromCharCode(Number.parseInt(e.slice(1), 16)) : (escapes[e] ?? e),
  )
}
