import { isIP, isIPv4 } from "node:net"
import { isObject } from "../json.ts"
import { quantityValue } from "../types/quantity.ts"
import { Optional } from "./optional.ts"

type Body = (item: unknown) => unknown

const macros = new Set(["all", "exists", "exists_one", "filter", "map"])
export const isMacro = (name: string): boolean => macros.has(name)

/** all, exists, exists_one, filter and map over a list, or over the keys of a map. */
export function macro(name: string, of: unknown, bodies: readonly Body[]): unknown {
  const items = Array.isArray(of) ? of : Object.keys(isObject(of) ? of : {})
  const [first = () => false, second] = bodies
  const test = (item: unknown) => first(item) === true
  switch (name) {
    case "all":
      return items.every(test)
    case "exists":
      return items.some(test)
    case "exists_one":
      return items.filter(test).length === 1
    case "filter":
      return items.filter(test)
    default:
      return second ? items.filter(test).map(second) : items.map(first)
  }
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown) => (typeof value === "string" ? value : String(value))
const numbers = (value: unknown) => list(value).map(Number)

/** Functions and methods alike; a method's receiver is the first argument. */
export const functions: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  size: (v) =>
    typeof v === "string"
      ? [...v].length
      : Array.isArray(v)
        ? v.length
        : Object.keys(isObject(v) ? v : {}).length,
  string: (v) => text(v),
  int: (v) => Math.trunc(Number(v)),
  double: (v) => Number(v),
  type: (v) => typeof v,
  startsWith: (s, prefix) => text(s).startsWith(text(prefix)),
  endsWith: (s, suffix) => text(s).endsWith(text(suffix)),
  contains: (s, part) => text(s).includes(text(part)),
  matches: (s, pattern) => new RegExp(text(pattern), "u").test(text(s)),
  lowerAscii: (s) => text(s).toLowerCase(),
  upperAscii: (s) => text(s).toUpperCase(),
  trim: (s) => text(s).trim(),
  split: (s, by) => text(s).split(text(by)),
  join: (items, by = "") => list(items).map(text).join(text(by)),
  replace: (s, from, to) => text(s).replaceAll(text(from), text(to)),
  substring: (s, from, to) =>
    text(s).slice(Number(from), to === undefined ? undefined : Number(to)),
  indexOf: (s, part) => (Array.isArray(s) ? s.indexOf(part) : text(s).indexOf(text(part))),
  charAt: (s, at) => text(s).charAt(Number(at)),
  sum: (items) => numbers(items).reduce((a, b) => a + b, 0),
  min: (items) => Math.min(...numbers(items)),
  max: (items) => Math.max(...numbers(items)),
  isSorted: (items) => list(items).every((v, i, all) => i === 0 || text(all[i - 1]) <= text(v)),
  quantity: (s) => quantityValue(text(s)),
  isQuantity: (s) => !Number.isNaN(quantityValue(text(s))),
  hasValue: (o) => o instanceof Optional && o.present,
  orValue: (o, otherwise) => (o instanceof Optional && o.present ? o.value : otherwise),
  value: (o) => (o instanceof Optional ? o.value : o),
  isIP: (s) => isIP(text(s)) !== 0,
  isCIDR: (s) => {
    const [address = "", length = ""] = text(s).split("/")
    return (
      isIP(address) !== 0 && /^\d+$/.test(length) && Number(length) <= (isIPv4(address) ? 32 : 128)
    )
  },
}
