import { asObject, isObject, type JsonObject, setField } from "../json.ts"

/**
 * A set of field paths, as managedFields keep them (FieldsV1): a tree whose edges are path elements in their
 * serialised form, "f:NAME", "k:{KEYS}", "v:VALUE" or "i:INDEX". A path may be a member and have members below it.
 */
export interface FieldSet {
  readonly members: ReadonlySet<string>
  readonly children: ReadonlyMap<string, FieldSet>
}

/** A set under construction. */
export interface FieldSetBuilder {
  readonly members: Set<string>
  readonly children: Map<string, FieldSetBuilder>
}

export const newSet = (): FieldSetBuilder => ({ members: new Set(), children: new Map() })
export const emptySet: FieldSet = newSet()

/** The subset below `element`, made when absent. */
export function childOf(set: FieldSetBuilder, element: string): FieldSetBuilder {
  let child = set.children.get(element)
  if (child === undefined) {
    child = newSet()
    set.children.set(element, child)
  }
  return child
}

export const isEmptySet = (set: FieldSet): boolean =>
  set.members.size === 0 && [...set.children.values()].every(isEmptySet)

/** Makes a set of two, element by element; children that come out empty are left out. */
function combine(
  a: FieldSet,
  b: FieldSet,
  member: (inA: boolean, inB: boolean) => boolean,
): FieldSet {
  const members = new Set<string>()
  for (const e of a.members) if (member(true, b.members.has(e))) members.add(e)
  for (const e of b.members) if (!a.members.has(e) && member(false, true)) members.add(e)
  const children = new Map<string, FieldSet>()
  for (const e of new Set([...a.children.keys(), ...b.children.keys()])) {
    const child = combine(a.children.get(e) ?? emptySet, b.children.get(e) ?? emptySet, member)
    if (child.members.size > 0 || child.children.size > 0) children.set(e, child)
  }
  return { members, children }
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x || y)
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x && y)
/** Paths of `a` that are not members of `b`; those below members of `b` stay. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x && !y)

/** Paths of `a` that are neither members of `b` nor below one. */
export function withoutBelow(a: FieldSet, b: FieldSet): FieldSet {
  const members = new Set([...a.members].filter((e) => !b.members.has(e)))
  const children = new Map<string, FieldSet>()
  for (const [element, child] of a.children) {
    if (b.members.has(element)) continue
    const rest = withoutBelow(child, b.children.get(element) ?? emptySet)
    if (!isEmptySet(rest)) children.set(element, rest)
  }
  return { members, children }
}

/** Every member's path, as its elements. */
export function* paths(set: FieldSet, above: readonly string[] = []): IterableIterator<string[]> {
  const elements = [...new Set([...set.members, ...set.children.keys()])].sort()
  for (const element of elements) {
    const path = [...above, element]
    if (set.members.has(element)) yield path
    const child = set.children.get(element)
    if (child) yield* paths(child, path)
  }
}

/** ".spec.containers[name=\"c\"].image", as conflicts name a path. */
export function pathText(path: readonly string[]): string {
  return path
    .map((element) => {
      const [kind, rest] = [element.slice(0, 1), element.slice(2)]
      if (kind === "f") return `.${rest}`
      if (kind === "i") return `[${rest}]`
      if (kind === "v") return `[=${rest}]`
      const keys: unknown = JSON.parse(rest)
      const terms = Object.entries(asObject(keys)).map(([k, v]) => `${k}=${JSON.stringify(v)}`)
      return `[${terms.join(",")}]`
    })
    .join("")
}

/** The set as FieldsV1 JSON: "." marks a member that has members below it. */
export function toFields(set: FieldSet): JsonObject {
  const out: JsonObject = {}
  for (const element of [...new Set([...set.members, ...set.children.keys()])].sort()) {
    const child = set.children.get(element)
    const below = child && !isEmptySet(child) ? toFields(child) : {}
    const self = set.members.has(element) && Object.keys(below).length > 0 ? { ".": {} } : {}
    setField(out, element, { ...self, ...below })
  }
  return out
}

/** A set of FieldsV1 JSON; anything that is not an object counts as empty. */
export function fromFields(fields: unknown): FieldSet {
  const set = newSet()
  read(set, asObject(fields))
  return set
}

function read(set: FieldSetBuilder, fields: JsonObject): void {
  for (const [element, below] of Object.entries(fields)) {
    if (element === ".") continue
    const inner = isObject(below) ? below : {}
    const names = Object.keys(inner)
    if (names.length === 0 || Object.hasOwn(inner, ".")) set.members.add(element)
    if (names.some((n) => n !== ".")) read(childOf(set, element), inner)
  }
}
