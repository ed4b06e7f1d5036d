/** A value of Terraform's language: `expression` stands as it is, all else is quoted as its kind wants. */
export type Hcl =
  | string
  | boolean
  | readonly Hcl[]
  | { readonly expression: string }
  | { readonly [key: string]: Hcl }

export interface HclBlock {
  /** Such as `resource "aws_subnet" "pods"`. */
  readonly head: string
  readonly attributes?: Readonly<Record<string, Hcl>>
  readonly blocks?: readonly HclBlock[]
}

export const expression = (text: string): Hcl => ({ expression: text })

/** A block, laid out as `terraform fmt` does. */
export function hclBlock({ head, attributes = {}, blocks = [] }: HclBlock, indent = ""): string {
  const inner = `${indent}  `
  const lines = attributeLines(attributes, inner)
  for (const block of blocks) {
    if (lines.length > 0) lines.push("")
    lines.push(hclBlock(block, inner).trimEnd())
  }
  return `${indent}${head} {\n${lines.join("\n")}\n${indent}}\n`
}

/** Equals signs of neighbouring one-line attributes stand below each other. */
function attributeLines(attributes: Readonly<Record<string, Hcl>>, indent: string): string[] {
  const entries = Object.entries(attributes).map(([key, value]) => ({
    key,
    text: valueText(value, indent),
  }))
  const lines: string[] = []
  let run: typeof entries = []
  const flush = () => {
    const width = Math.max(0, ...run.map((e) => e.key.length))
    lines.push(...run.map((e) => `${indent}${e.key.padEnd(width)} = ${e.text}`))
    run = []
  }
  for (const entry of entries) {
    if (!entry.text.includes("\n")) {
      run.push(entry)
      continue
    }
    flush()
    lines.push(`${indent}${entry.key} = ${entry.text}`)
  }
  flush()
  return lines
}

function valueText(value: Hcl, indent: string): string {
  if (typeof value === "string") return quoted(value)
  if (typeof value === "boolean") return String(value)
  if (Array.isArray(value)) return listText(value, indent)
  if ("expression" in value) return String(value["expression"])
  const map = value as Readonly<Record<string, Hcl>>
  if (Object.keys(map).length === 0) return "{}"
  return `{\n${attributeLines(map, `${indent}  `).join("\n")}\n${indent}}`
}

function listText(values: readonly Hcl[], indent: string): string {
  const texts = values.map((v) => valueText(v, `${indent}  `))
  return texts.some((t) => t.includes("\n"))
    ? `[\n${texts.map((t) => `${indent}  ${t},\n`).join("")}${indent}]`
    : `[${texts.join(", ")}]`
}

/** `${` and `%{` begin templates in a quoted string. */
const quoted = (text: string) =>
  JSON.stringify(text).replaceAll("${", "$${").replaceAll("%{", "%%{")
