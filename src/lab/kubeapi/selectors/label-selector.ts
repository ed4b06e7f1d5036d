import { badRequest } from "../api-error.ts"

/** One term of a label selector; all terms must hold. */
type Requirement = (labels: Readonly<Record<string, string>>) => boolean
export type LabelMatcher = (labels: Readonly<Record<string, string>> | undefined) => boolean

const key = String.raw`[A-Za-z0-9](?:[-\w./]*[A-Za-z0-9])?`
const setTerm = new RegExp(String.raw`^(${key})\s+(in|notin)\s*\(([^()]*)\)$`)
const equalityTerm = new RegExp(String.raw`^(${key})\s*(==|=|!=|>|<)\s*([-\w.]*)$`)
const existsTerm = new RegExp(String.raw`^(!?)\s*(${key})$`)

/** Parses the text form ("app=web,tier in (a,b),!canary"); throws 400 when it is malformed. */
export function parseLabelSelector(text: string): LabelMatcher {
  const requirements = terms(text).map((term) => requirement(term, text))
  return (labels = {}) => requirements.every((holds) => holds(labels))
}

/** Splits at the commas outside parentheses. */
const terms = (text: string): string[] =>
  text.trim() === "" ? [] : text.split(/,(?![^()]*\))/).map((t) => t.trim())

function requirement(term: string, whole: string): Requirement {
  const set = setTerm.exec(term)
  if (set) {
    const [, label = "", operator, list = ""] = set
    const values = new Set(list.split(",").map((v) => v.trim()))
    return operator === "in"
      ? (labels) => label in labels && values.has(labels[label] ?? "")
      : (labels) => !(label in labels) || !values.has(labels[label] ?? "")
  }
  const compared = equalityTerm.exec(term)
  if (compared) return comparison(compared[1] ?? "", compared[2] ?? "", compared[3] ?? "")
  const exists = existsTerm.exec(term)
  if (exists) {
    const [, not, label = ""] = exists
    return not === "!" ? (labels) => !(label in labels) : (labels) => label in labels
  }
  throw badRequest(
    `unable to parse requirement: ${JSON.stringify(term)} in ${JSON.stringify(whole)} is no label requirement`,
  )
}

function comparison(label: string, operator: string, value: string): Requirement {
  switch (operator) {
    case "!=":
      return (labels) => labels[label] !== value
    case ">":
      return (labels) => Number.parseInt(labels[label] ?? "", 10) > Number(value)
    case "<":
      return (labels) => Number.parseInt(labels[label] ?? "", 10) < Number(value)
    default:
      return (labels) => labels[label] === value
  }
}
