/** The content of one nftables table as data, so that two of them can be compared. */
export interface RuleSet {
  readonly chains: ReadonlyMap<string, Chain>
  readonly sets: ReadonlyMap<string, NamedSet>
  readonly maps: ReadonlyMap<string, NamedMap>
  readonly counters: ReadonlySet<string>
}

export interface Chain {
  /** Of a base chain: `type filter hook forward priority filter; policy drop;`. */
  readonly hook?: string
  readonly rules: readonly string[]
}

export interface NamedSet {
  readonly type: string
  readonly elements: ReadonlySet<string>
}

export interface NamedMap {
  /** `ifname : verdict`. */
  readonly type: string
  readonly elements: ReadonlyMap<string, string>
}

export const emptyRuleSet: RuleSet = {
  chains: new Map(),
  sets: new Map(),
  maps: new Map(),
  counters: new Set(),
}

/**
 * The nft script, one transaction, that turns a table holding `from` into one holding `to`; empty when they are equal.
 * Elements are changed in place and only chains that differ are rewritten, so established flows and counters stay.
 * The order is what nft demands: an object must exist before it is named, and be named nowhere when it is deleted.
 */
export function ruleSetChanges(table: string, from: RuleSet, to: RuleSet): string {
  const lines = [
    ...declarations(table, from, to),
    ...elementChanges(table, from, to),
    ...ruleChanges(table, from, to),
    ...newElements(table, from, to),
    ...removals(table, from, to),
  ]
  return lines.length === 0 ? "" : `add table ${table}\n${lines.join("\n")}\n`
}

type Keys = { keys(): Iterable<string> }
const added = (from: ReadonlySet<string> | ReadonlyMap<string, unknown>, to: Keys): string[] =>
  [...to.keys()].filter((key) => !from.has(key))

function declarations(table: string, from: RuleSet, to: RuleSet): string[] {
  const typed = (kind: string, name: string, type: string | undefined) =>
    `add ${kind} ${table} ${name} { type ${type}; }`
  return [
    ...added(from.counters, to.counters).map((c) => `add counter ${table} ${c}`),
    ...added(from.sets, to.sets).map((s) => typed("set", s, to.sets.get(s)?.type)),
    ...added(from.maps, to.maps).map((m) => typed("map", m, to.maps.get(m)?.type)),
    ...added(from.chains, to.chains).map((c) => {
      const hook = to.chains.get(c)?.hook
      return `add chain ${table} ${c}${hook === undefined ? "" : ` { ${hook} }`}`
    }),
  ]
}

/** Deletes the elements that go, or whose value changes. */
function elementChanges(table: string, from: RuleSet, to: RuleSet): string[] {
  const sets = [...from.sets].map(([name, { elements }]) => {
    const kept = to.sets.get(name)?.elements
    return elementLine("delete", table, name, added(kept ?? new Set(), elements))
  })
  const maps = [...from.maps].map(([name, { elements }]) => {
    const kept = to.maps.get(name)?.elements
    const gone = [...elements].filter(([key, value]) => kept?.get(key) !== value)
    return elementLine(
      "delete",
      table,
      name,
      gone.map(([key]) => key),
    )
  })
  return [...sets, ...maps].flat()
}

function newElements(table: string, from: RuleSet, to: RuleSet): string[] {
  const sets = [...to.sets].map(([name, { elements }]) => {
    const known = from.sets.get(name)?.elements
    return elementLine("add", table, name, added(known ?? new Set(), elements))
  })
  const maps = [...to.maps].map(([name, { elements }]) => {
    const known = from.maps.get(name)?.elements
    const fresh = [...elements].filter(([key, value]) => known?.get(key) !== value)
    return elementLine(
      "add",
      table,
      name,
      fresh.map(([key, value]) => `${key} : ${value}`),
    )
  })
  return [...sets, ...maps].flat()
}

const elementLine = (
  verb: "add" | "delete",
  table: string,
  name: string,
  elements: readonly string[],
): string[] =>
  elements.length === 0 ? [] : [`${verb} element ${table} ${name} { ${elements.join(", ")} }`]

function ruleChanges(table: string, from: RuleSet, to: RuleSet): string[] {
  const emptied = added(to.chains, from.chains).map((name) => `flush chain ${table} ${name}`)
  const written = [...to.chains].flatMap(([name, { rules }]) => {
    const before = from.chains.get(name)?.rules ?? []
    if (sameLines(before, rules)) return []
    const flush = before.length > 0 ? [`flush chain ${table} ${name}`] : []
    return [...flush, ...rules.map((rule) => `add rule ${table} ${name} ${rule}`)]
  })
  return [...emptied, ...written]
}

const sameLines = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((line, i) => line === b[i])

function removals(table: string, from: RuleSet, to: RuleSet): string[] {
  return [
    ...added(to.chains, from.chains).map((c) => `delete chain ${table} ${c}`),
    ...added(to.maps, from.maps).map((m) => `delete map ${table} ${m}`),
    ...added(to.sets, from.sets).map((s) => `delete set ${table} ${s}`),
    ...added(to.counters, from.counters).map((c) => `delete counter ${table} ${c}`),
  ]
}
