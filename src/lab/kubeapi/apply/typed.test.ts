import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { builtinSchema } from "../types/builtin-schema.ts"
import { fromFields, isEmptySet, paths, toFields } from "./field-set.ts"
import { typeErrors } from "./typed.ts"
import { compare } from "./typed-compare.ts"
import { mergeApplied, removeFields } from "./typed-merge.ts"
import { fieldSetOf } from "./typed-set.ts"

const schema = builtinSchema("io.k8s.api.core.v1.PodSpec")

const container = fc.record(
  {
    name: fc.constantFrom("a", "b", "c"),
    image: fc.constantFrom("x", "y"),
    args: fc.array(fc.constantFrom("1", "2"), { minLength: 1, maxLength: 2 }),
    ports: fc.uniqueArray(
      fc.record({ containerPort: fc.constantFrom(80, 81), name: fc.constantFrom("h", "i") }),
      { selector: (p) => p.containerPort, minLength: 1 },
    ),
  },
  { requiredKeys: ["name"] },
)
const specs = fc
  .record(
    {
      containers: fc.uniqueArray(container, { selector: (c) => c.name, minLength: 1 }),
      nodeSelector: fc.dictionary(fc.constantFrom("k", "l"), fc.constantFrom("1", "2"), {
        minKeys: 1,
      }),
      securityContext: fc.record({ runAsUser: fc.constantFrom(1, 2) }),
      hostNetwork: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  // Records come without a prototype, which a deep comparison would see.
  .map((spec) => structuredClone(spec))
const all = (c: ReturnType<typeof compare>) =>
  [c.added, c.modified, c.removed].flatMap((s) => [...paths(s)])

test("an object differs from itself in nothing, and from another in what that differs from it", () => {
  fc.assert(
    fc.property(specs, specs, (a, b) => {
      assert.deepEqual(all(compare(schema, a, structuredClone(a))), [])
      const [there, back] = [compare(schema, a, b), compare(schema, b, a)]
      assert.deepEqual(toFields(there.added), toFields(back.removed))
      assert.deepEqual(toFields(there.modified), toFields(back.modified))
    }),
  )
})

test("what is applied is there afterwards, and what the configuration does not name is as it was", () => {
  fc.assert(
    fc.property(specs, specs, (live, applied) => {
      const merged = mergeApplied(schema, live, applied)
      assert.deepEqual(mergeApplied(schema, merged, applied), merged)
      // Applying loses nothing of either, and what it changes lies in what the configuration sets.
      assert.ok(isEmptySet(compare(schema, live, merged).removed))
      const lost = compare(schema, applied, merged)
      assert.ok(isEmptySet(lost.modified) && isEmptySet(lost.removed))
      const set = new Set([...paths(fieldSetOf(schema, applied))].map(String))
      for (const path of paths(compare(schema, live, merged).modified))
        assert.ok(set.has(String(path)))
    }),
  )
})

test("what is removed by its field set leaves nothing of it", () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const left = removeFields(schema, spec, fieldSetOf(schema, spec))
      const empty = [...paths(fieldSetOf(schema, left ?? {}))].filter((p) => p.length > 1)
      assert.deepEqual(empty, [])
    }),
  )
})

test("the order of an applied list holds, and other items keep their place between", () => {
  const names = (value: unknown) =>
    (value as { containers: { name: string }[] }).containers.map((c) => c.name).join("")
  const of = (text: string) => ({ containers: [...text].map((name) => ({ name })) })
  for (const [live, applied, wanted] of [
    ["abc", "ca", "bca"],
    ["abc", "d", "abcd"],
    ["abc", "xcb", "axcb"],
    ["", "ab", "ab"],
    ["abc", "abc", "abc"],
    ["abcd", "db", "acdb"],
  ] as const) {
    assert.equal(names(mergeApplied(schema, of(live), of(applied))), wanted, `${live} + ${applied}`)
  }
})

test("the field set of a configuration is what managedFields would say", () => {
  const value = {
    containers: [{ name: "web", image: "x", ports: [{ containerPort: 80 }], args: ["1"] }],
    nodeSelector: { a: "b" },
    securityContext: {},
    tolerations: [{ operator: "Exists" }],
  }
  const wanted = {
    "f:containers": {
      'k:{"name":"web"}': {
        ".": {},
        "f:args": {},
        "f:image": {},
        "f:name": {},
        "f:ports": {
          'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} },
        },
      },
    },
    "f:nodeSelector": {},
    "f:securityContext": {},
    "f:tolerations": {},
  }
  assert.deepEqual(toFields(fieldSetOf(schema, value)), wanted)
  assert.deepEqual(toFields(fromFields(wanted)), wanted)
})

test("fields that the schema does not have, and values of other types, are named", () => {
  assert.deepEqual(
    typeErrors(schema, { bogus: 1, hostNetwork: "yes", containers: [{ name: "a", x: 1 }] }),
    [
      ".bogus: field not declared in schema",
      ".hostNetwork: expected boolean, got string",
      '.containers[name="a"].x: field not declared in schema',
    ],
  )
})
