import { asObject, isObject } from "../json.ts"

/**
 * The part of Kubernetes' JSONPath that printer columns use: fields (.a, ['a.b']), indexes ([0], [-1]), slices
 * ([1:3]), wildcards ([*], .*) and filters by a comparison ([?(@.type=="Ready")]).
 */
type Step = (value: unknown) => unknown[]

const stepForm =
  /\.?\[\?\(@((?:\.[^=!<>\s]+)?)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[^)\s]+))?\s*\)\]|\.?\[(\*|-?\d*(?::-?\d*)?|'[^']*'|"[^"]*")\]|\.(\*|(?:\\.|[^.[\]\\])+)/gy

/** Undefined when the path is outside of what is served. */
export function parseJsonPath(path: string): Step | undefined {
  const text = path.replace(/^\{(.*)\}$/s, "$1").replace(/^\$/, "")
  const steps: Step[] = []
  // A copy: a filter's own path is parsed while this parse is under way, and a shared position would never advance.
  const form = new RegExp(stepForm)
  let at = 0
  for (let match = form.exec(text); match; match = form.exec(text)) {
    const [, filterPath, operator, literal, bracket, field] = match
    if (filterPath !== undefined) steps.push(filterStep(filterPath, operator, literal))
    else if (bracket !== undefined) steps.push(bracketStep(bracket))
    else if (field !== undefined) steps.push(fieldStep(field.replace(/\\(.)/g, "$1")))
    at = form.lastIndex
  }
  if (at !== text.length) return undefined
  return (value) => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [value])
}

const fieldStep = (name: string): Step =>
  name === "*"
    ? (v) => (Array.isArray(v) ? v : Object.values(asObject(v)))
    : (v) => (isObject(v) && Object.hasOwn(v, name) ? [v[name]] : [])

function bracketStep(text: string): Step {
  if (text === "*") return fieldStep("*")
  if (/^['"]/.test(text)) return fieldStep(text.slice(1, -1))
  if (text.includes(":")) {
    const [from = "", to = ""] = text.split(":")
    return (v) =>
      Array.isArray(v)
        ? v.slice(from === "" ? 0 : Number(from), to === "" ? undefined : Number(to))
        : []
  }
  const index = Number(text)
  return (v) => {
    const found: unknown = Array.isArray(v) ? v.at(index) : undefined
    return found === undefined ? [] : [found]
  }
}

function filterStep(path: string, operator: string | undefined, literal: string | undefined): Step {
  const find = parseJsonPath(path) ?? (() => [])
  const wanted = literal === undefined ? undefined : literalValue(literal)
  const keeps = (value: unknown): boolean => {
    const [found] = path === "" ? [value] : find(value)
    if (operator === undefined) return found !== undefined
    return found !== undefined && compare(found, operator, wanted)
  }
  return (v) => (Array.isArray(v) ? v : Object.values(asObject(v))).filter(keeps)
}

const literalValue = (text: string): unknown =>
  /^['"]/.test(text)
    ? text.slice(1, -1)
    : text === "true"
      ? true
      : text === "false"
        ? false
        : Number(text)

function compare(a: unknown, operator: string, b: unknown): boolean {
  switch (operator) {
    case "==":
      return a === b
    case "!=":
      return a !== b
    case "<":
      return Number(a) < Number(b)
    case "<=":
      return Number(a) <= Number(b)
    case ">":
      return Number(a) > Number(b)
    default:
      return Number(a) >= Number(b)
  }
}
