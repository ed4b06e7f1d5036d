import { equal, isObject } from "../json.ts"
import { functions, isMacro, macro } from "./functions.ts"
import { Optional } from "./optional.ts"
import { type Expr, parse } from "./parse.ts"

export type Scope = Readonly<Record<string, unknown>>
export type Result = { ok: true; value: unknown } | { ok: false; why: string }
export type Program = (scope: Scope) => Result

/** Thrown inside an evaluation: "no such key: x", "division by zero". */
export class CelError extends Error {}

/**
 * Compiles a CEL expression of the kind that CRDs' validation rules use. Throws for what is not CEL. Evaluation costs
 * are not bounded as the API server bounds them.
 */
export function compile(source: string): Program {
  const expr = parse(source)
  return (scope) => {
    try {
      return { ok: true, value: evaluate(expr, scope) }
    } catch (error) {
      if (error instanceof CelError) return { ok: false, why: error.message }
      throw error
    }
  }
}

export function evaluate(expr: Expr, scope: Scope): unknown {
  switch (expr.kind) {
    case "literal":
      return expr.value
    case "name":
      if (Object.hasOwn(scope, expr.name)) return scope[expr.name]
      throw new CelError(`undeclared reference to '${expr.name}'`)
    case "field":
      return select(evaluate(expr.of, scope), expr.optional, (of) => member(of, expr.name))
    case "index": {
      const index = evaluate(expr.index, scope)
      return select(evaluate(expr.of, scope), expr.optional, (of) => element(of, index))
    }
    case "list":
      return expr.items.map((item) => evaluate(item, scope))
    case "map":
      return Object.fromEntries(
        expr.entries.map(([key, value]) => [String(evaluate(key, scope)), evaluate(value, scope)]),
      )
    case "operator":
      return operate(expr.name, expr.args, scope)
    case "call":
      return call(expr, scope)
  }
}

/** A selection: what is absent is an error, unless the selection or what it selects from is optional. */
function select(of: unknown, optional: boolean, get: (of: unknown) => unknown): unknown {
  if (!optional && !(of instanceof Optional)) return get(of)
  const from = of instanceof Optional ? of : new Optional(of)
  if (!from.present) return Optional.none
  try {
    return new Optional(get(from.value))
  } catch (error) {
    if (error instanceof CelError) return Optional.none
    throw error
  }
}

/** Field names that CEL reserves are escaped in rules: self.__namespace__ is the field "namespace". */
const unescaped = (name: string): string =>
  name
    .replace(/^__(\w+?)__$/, "$1")
    .replaceAll("__dot__", ".")
    .replaceAll("__dash__", "-")
    .replaceAll("__slash__", "/")
    .replaceAll("__underscores__", "__")

function member(of: unknown, name: string): unknown {
  if (isObject(of)) {
    for (const field of [name, unescaped(name)]) if (Object.hasOwn(of, field)) return of[field]
  }
  throw new CelError(`no such key: ${name}`)
}

function element(of: unknown, index: unknown): unknown {
  if (Array.isArray(of)) {
    if (typeof index === "number" && index >= 0 && index < of.length) return of[index]
    throw new CelError(`index out of bounds: ${String(index)}`)
  }
  return member(of, String(index))
}

function call(expr: Expr & { kind: "call" }, scope: Scope): unknown {
  const { of, name, args } = expr
  if (name === "has" && of === undefined) return has(args[0], scope)
  if (of && isMacro(name)) {
    const [variable, ...bodies] = args
    if (variable?.kind !== "name") throw new CelError(`${name} needs a variable`)
    const run = bodies.map(
      (body) => (item: unknown) => evaluate(body, { ...scope, [variable.name]: item }),
    )
    return macro(name, evaluate(of, scope), run)
  }
  const found = functions[name]
  if (found === undefined) throw new CelError(`undeclared reference to '${name}'`)
  const values = (of ? [of, ...args] : args).map((arg) => evaluate(arg, scope))
  return found(...values)
}

function has(arg: Expr | undefined, scope: Scope): boolean {
  if (arg?.kind !== "field") throw new CelError("has() needs a field")
  const of = evaluate(arg.of, scope)
  return isObject(of) && (Object.hasOwn(of, arg.name) || Object.hasOwn(of, unescaped(arg.name)))
}

function operate(name: string, args: readonly Expr[], scope: Scope): unknown {
  const [left, right, third] = args
  if (left === undefined) throw new CelError(`${name} needs an operand`)
  if (name === "&&" || name === "||") return logical(name, left, right, scope)
  const a = evaluate(left, scope)
  if (name === "!") return !truth(a)
  if (name === "neg") return -number(a)
  if (right === undefined) throw new CelError(`${name} needs two operands`)
  if (name === "?:") return evaluate(truth(a) ? right : (third ?? right), scope)
  return binary(name, a, evaluate(right, scope))
}

/** Either operand may decide: an error counts only when the other side does not. */
function logical(name: "&&" | "||", left: Expr, right: Expr | undefined, scope: Scope): boolean {
  const decisive = name === "||"
  let failure: unknown
  for (const side of [left, right]) {
    if (side === undefined) continue
    try {
      if (truth(evaluate(side, scope)) === decisive) return decisive
    } catch (error) {
      failure = error
    }
  }
  if (failure !== undefined) throw failure
  return !decisive
}

function truth(value: unknown): boolean {
  if (typeof value === "boolean") return value
  throw new CelError("no such overload")
}

function number(value: unknown): number {
  if (typeof value === "number") return value
  throw new CelError("no such overload")
}

function binary(name: string, a: unknown, b: unknown): unknown {
  switch (name) {
    case "==":
      return equal(a, b)
    case "!=":
      return !equal(a, b)
    case "in":
      if (Array.isArray(b)) return b.some((item) => equal(item, a))
      return isObject(b) && Object.hasOwn(b, String(a))
    case "+":
      if (typeof a === "string" && typeof b === "string") return a + b
      if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b]
      return number(a) + number(b)
    case "-":
      return number(a) - number(b)
    case "*":
      return number(a) * number(b)
    case "/":
      return divide(number(a), number(b))
    case "%":
      return number(a) % number(b)
    default:
      return compare(name, a, b)
  }
}

function divide(a: number, b: number): number {
  if (b === 0) throw new CelError("division by zero")
  return Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b
}

function compare(name: string, a: unknown, b: unknown): boolean {
  const comparable = typeof a === typeof b && (typeof a === "number" || typeof a === "string")
  if (!comparable) throw new CelError("no such overload")
  const [x, y] = typeof a === "string" ? [a, String(b)] : [number(a), number(b)]
  switch (name) {
    case "<":
      return x < y
    case "<=":
      return x <= y
    case ">":
      return x > y
    default:
      return x >= y
  }
}
