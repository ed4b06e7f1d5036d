import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import {
  childOf,
  difference,
  type FieldSet,
  fromFields,
  intersection,
  isEmptySet,
  newSet,
  paths,
  pathText,
  toFields,
  union,
  withoutBelow,
} from "./field-set.ts"

const element = fc.constantFrom("f:a", "f:b", "f:c", 'k:{"name":"x"}', 'v:"y"', "i:0")
const sets = fc.array(fc.array(element, { minLength: 1, maxLength: 4 })).map((list): FieldSet => {
  const set = newSet()
  for (const path of list) {
    const last = path.at(-1) ?? ""
    path.slice(0, -1).reduce(childOf, set).members.add(last)
  }
  return set
})
const list = (set: FieldSet) => [...paths(set)].map((p) => p.join(" "))

test("a set comes back from its JSON form", () => {
  fc.assert(
    fc.property(sets, (set) => assert.deepEqual(list(fromFields(toFields(set))), list(set))),
  )
})

test("union, intersection and difference are those of the sets of paths", () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const [x, y] = [new Set(list(a)), new Set(list(b))]
      assert.deepEqual(new Set(list(union(a, b))), x.union(y))
      assert.deepEqual(new Set(list(intersection(a, b))), x.intersection(y))
      assert.deepEqual(new Set(list(difference(a, b))), x.difference(y))
      assert.equal(isEmptySet(intersection(a, b)), x.intersection(y).size === 0)
    }),
  )
})

test("withoutBelow leaves no path that starts with one of the other set", () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const gone = list(b)
      const kept = list(a).filter((p) => !gone.some((g) => p === g || p.startsWith(`${g} `)))
      assert.deepEqual(new Set(list(withoutBelow(a, b))), new Set(kept))
    }),
  )
})

test("paths read as conflicts name them", () => {
  const set = fromFields({
    "f:spec": { "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:name": {} } } },
    "f:metadata": { "f:finalizers": { 'v:"a/b"': {} } },
  })
  assert.deepEqual([...paths(set)].map(pathText).sort(), [
    '.metadata.finalizers[="a/b"]',
    '.spec.ports[port=80,protocol="TCP"]',
    '.spec.ports[port=80,protocol="TCP"].name',
  ])
})
