import assert from "node:assert/strict"
import type { RuleSet } from "../rule-set.ts"

/**
 * A small model of nftables that is as strict as the kernel about order: objects exist before they are named, and what
 * is deleted is named nowhere and, if it is a chain, empty.
 */
interface Model {
  readonly chains: Map<string, { hook?: string; rules: string[] }>
  readonly sets: Map<string, { type: string; elements: Set<string> }>
  readonly maps: Map<string, { type: string; elements: Map<string, string> }>
  readonly counters: Set<string>
}

export function applyScript(table: RuleSet, script: string): RuleSet {
  const model = copy(table)
  for (const line of script.split("\n").filter((l) => l !== "" && !l.startsWith("add table"))) {
    const [, verb = "", kind = "", name = "", rest = ""] =
      /^(add|delete|flush) (\w+) ip fabric (\S+) ?(.*)$/.exec(line) ?? []
    assert.ok(verb, `nft would not understand: ${line}`)
    if (kind === "element") changeElements(model, verb, name, rest)
    else if (kind === "rule") addRule(model, name, rest)
    else if (verb === "add") declare(model, kind, name, rest)
    else if (verb === "flush") chain(model, name).rules = []
    else remove(model, kind, name)
  }
  return model
}

/** Comparable content, whatever the order of its parts. */
export const contentOf = (table: RuleSet) => ({
  chains: sorted([...table.chains].map(([name, c]) => [name, c.hook, [...c.rules]])),
  sets: sorted([...table.sets].map(([name, s]) => [name, s.type, [...s.elements].sort()])),
  maps: sorted([...table.maps].map(([name, m]) => [name, m.type, sorted([...m.elements])])),
  counters: [...table.counters].sort(),
})

const sorted = <T>(list: T[]): T[] =>
  list.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))

const copy = (table: RuleSet): Model => ({
  chains: new Map([...table.chains].map(([n, c]) => [n, { ...c, rules: [...c.rules] }])),
  sets: new Map([...table.sets].map(([n, s]) => [n, { ...s, elements: new Set(s.elements) }])),
  maps: new Map([...table.maps].map(([n, m]) => [n, { ...m, elements: new Map(m.elements) }])),
  counters: new Set(table.counters),
})

function chain(model: Model, name: string) {
  const found = model.chains.get(name)
  assert.ok(found, `no chain ${name}`)
  return found
}

function declare(model: Model, kind: string, name: string, rest: string): void {
  const text = rest.replace(/^\{ (.*) \}$/, "$1")
  const type = text.replace(/^type (.*);$/, "$1")
  if (kind === "chain") model.chains.set(name, { ...(text && { hook: text }), rules: [] })
  else if (kind === "set") model.sets.set(name, { type, elements: new Set() })
  else if (kind === "map") model.maps.set(name, { type, elements: new Map() })
  else model.counters.add(name)
}

function addRule(model: Model, name: string, rule: string): void {
  for (const [, target = ""] of rule.matchAll(/(?:jump|goto) (\S+)/g)) chain(model, target)
  for (const [, set = ""] of rule.matchAll(/@(\S+)/g))
    assert.ok(model.sets.has(set) || model.maps.has(set), `no set ${set}`)
  for (const [, counter = ""] of rule.matchAll(/counter name "([^"]+)"/g))
    assert.ok(model.counters.has(counter), `no counter ${counter}`)
  chain(model, name).rules.push(rule)
}

function changeElements(model: Model, verb: string, name: string, rest: string): void {
  const elements = rest.slice(2, -2).split(", ")
  const set = model.sets.get(name)?.elements
  const map = model.maps.get(name)?.elements
  assert.ok(set ?? map, `no set or map ${name}`)
  for (const element of elements) {
    const [key = "", value = ""] = element.split(" : ")
    const present = set?.has(key) ?? map?.has(key)
    assert.equal(present, verb === "delete", `${verb} ${element} in ${name}`)
    if (verb === "delete") {
      set?.delete(key)
      map?.delete(key)
    } else {
      const target = /^goto (\S+)$/.exec(value)?.[1]
      if (target !== undefined) chain(model, target)
      set?.add(key)
      map?.set(key, value)
    }
  }
}

function remove(model: Model, kind: string, name: string): void {
  const mention = { chain: [`goto ${name}`, `jump ${name}`], counter: [`counter name "${name}"`] }
  const names = mention[kind as "chain" | "counter"] ?? [`@${name}`]
  if (kind === "chain") {
    assert.deepEqual(chain(model, name).rules, [], `chain ${name} is not empty`)
    model.chains.delete(name)
  } else if (kind === "set") model.sets.delete(name)
  else if (kind === "map") model.maps.delete(name)
  else model.counters.delete(name)
  const lines = [
    ...[...model.chains.values()].flatMap((c) => c.rules),
    ...[...model.maps.values()].flatMap((m) => [...m.elements.values()]),
  ]
  for (const line of lines)
    for (const mentioned of names)
      assert.ok(!`${line} `.includes(`${mentioned} `), `${name} is still used by: ${line}`)
}
