import { fail } from "../../errors/catalogue.ts"
import type { MemoryState } from "./memory-state.ts"

/**
 * Keeps nftables scripts as text by table, and understands as much as is needed to say which tables there are: blocks
 * (`table ip NAME { ... }`), declarations, and the verbs that add to, empty or delete a table. All or nothing.
 */
export function applyNft(state: MemoryState, script: string): void {
  const tables = new Map(state.nft)
  for (const statement of statements(script)) applyStatement(tables, statement)
  state.nft.clear()
  for (const [key, text] of tables) state.nft.set(key, text)
}

/** In the shape of `nft -j list table`, the body as text. */
export function listNft(state: MemoryState, family: string, table: string): unknown {
  const text = state.nft.get(`${family} ${table}`)
  if (text === undefined) return undefined
  return { nftables: [{ table: { family, name: table } }, { text }] }
}

const refused = (why: string) => fail("kernel/nft", { why })

function applyStatement(tables: Map<string, string>, statement: string): void {
  const [, head = "", body] = /^([^{]*)(?:\{([\s\S]*)\})?$/.exec(statement) ?? []
  const words = head.trim().split(/\s+/)
  const [verb = ""] = words
  if (verb === "table" || (verb === "add" && words[1] === "table")) {
    const key = words.slice(verb === "table" ? 1 : 2, verb === "table" ? 3 : 4).join(" ")
    tables.set(key, `${tables.get(key) ?? ""}${body?.trim() ?? ""}`)
    return
  }
  const key = words.slice(2, 4).join(" ")
  if (!["add", "insert", "replace", "create", "flush", "delete", "destroy"].includes(verb))
    throw refused(`syntax error at "${verb}"`)
  if (!tables.has(key) && verb !== "destroy")
    throw refused(`No such file or directory: ${words.slice(1, 4).join(" ")}`)
  if (words[1] !== "table") tables.set(key, `${tables.get(key)}\n${statement}`)
  else if (verb === "flush") tables.set(key, "")
  else tables.delete(key)
}

/** Statements end at a line's end or a semicolon outside of braces. */
function statements(script: string): string[] {
  const found: string[] = []
  let depth = 0
  let current = ""
  for (const char of script.replace(/#.*$/gm, "")) {
    if (char === "{") depth += 1
    if (char === "}") depth -= 1
    if (depth < 0) throw refused("syntax error, unexpected '}'")
    const ends = depth === 0 && (char === "\n" || char === ";")
    if (ends) found.push(current.trim())
    current = ends ? "" : current + char
  }
  if (depth > 0) throw refused("syntax error, unexpected end of file")
  return [...found, current.trim()].filter((statement) => statement !== "")
}
