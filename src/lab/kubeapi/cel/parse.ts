import { CelSyntaxError, type Token, tokens } from "./tokens.ts"

/** An expression tree. */
export type Expr =
  | { readonly kind: "literal"; readonly value: unknown }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "field"; readonly of: Expr; readonly name: string; readonly optional: boolean }
  | { readonly kind: "index"; readonly of: Expr; readonly index: Expr; readonly optional: boolean }
  | {
      readonly kind: "call"
      readonly of?: Expr
      readonly name: string
      readonly args: readonly Expr[]
    }
  | { readonly kind: "operator"; readonly name: string; readonly args: readonly Expr[] }
  | { readonly kind: "list"; readonly items: readonly Expr[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Expr, Expr])[] }

/** Binary operators from the loosest to the tightest. */
const levels = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", "<=", ">", ">=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
]

/** Throws CelSyntaxError for text that is not an expression. */
export function parse(source: string): Expr {
  const parser = new Parser(tokens(source))
  const expr = parser.expression()
  parser.end()
  return expr
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(list: readonly Token[]) {
    this.#tokens = list
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "" }
  }

  end(): void {
    if (this.#token.kind !== "end") throw this.#unexpected()
  }

  expression(): Expr {
    const condition = this.#binary(0)
    if (!this.#take("?")) return condition
    const yes = this.expression()
    this.#expect(":")
    return { kind: "operator", name: "?:", args: [condition, yes, this.expression()] }
  }

  #binary(level: number): Expr {
    const names = levels[level]
    if (names === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    while (names.includes(this.#token.text) && this.#token.kind !== "string") {
      const name = this.#token.text
      this.#at++
      left = { kind: "operator", name, args: [left, this.#binary(level + 1)] }
    }
    return left
  }

  #unary(): Expr {
    if (this.#take("!")) return { kind: "operator", name: "!", args: [this.#unary()] }
    if (this.#take("-")) return { kind: "operator", name: "neg", args: [this.#unary()] }
    return this.#member()
  }

  #member(): Expr {
    let expr = this.#primary()
    for (;;) {
      if (this.#take(".")) {
        const optional = this.#take("?")
        const name = this.#name()
        expr =
          !optional && this.#take("(")
            ? { kind: "call", of: expr, name, args: this.#list(")") }
            : { kind: "field", of: expr, name, optional }
      } else if (this.#take("[")) {
        const optional = this.#take("?")
        const index = this.expression()
        this.#expect("]")
        expr = { kind: "index", of: expr, index, optional }
      } else return expr
    }
  }

  #primary(): Expr {
    const token = this.#token
    if (token.kind === "number" || token.kind === "string") {
      this.#at++
      return { kind: "literal", value: token.value }
    }
    if (this.#take("(")) {
      const inner = this.expression()
      this.#expect(")")
      return inner
    }
    if (this.#take("[")) return { kind: "list", items: this.#list("]") }
    if (this.#take("{")) return { kind: "map", entries: this.#entries() }
    const name = this.#name()
    if (name in constants) return { kind: "literal", value: constants[name] }
    return this.#take("(") ? { kind: "call", name, args: this.#list(")") } : { kind: "name", name }
  }

  #list(close: string): Expr[] {
    const items: Expr[] = []
    while (!this.#take(close)) {
      items.push(this.expression())
      if (this.#token.text !== close) this.#expect(",")
    }
    return items
  }

  #entries(): [Expr, Expr][] {
    const entries: [Expr, Expr][] = []
    while (!this.#take("}")) {
      const key = this.expression()
      this.#expect(":")
      entries.push([key, this.expression()])
      if (this.#token.text !== "}") this.#expect(",")
    }
    return entries
  }

  #name(): string {
    const token = this.#token
    if (token.kind !== "name") throw this.#unexpected()
    this.#at++
    return token.text
  }

  #take(operator: string): boolean {
    if (this.#token.kind !== "operator" || this.#token.text !== operator) return false
    this.#at++
    return true
  }

  #expect(operator: string): void {
    if (!this.#take(operator)) throw this.#unexpected()
  }

  #unexpected() {
    return new CelSyntaxError(`unexpected ${JSON.stringify(this.#token.text)}`)
  }
}

const constants: Readonly<Record<string, unknown>> = { true: true, false: false, null: null }
