import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { mergePatch } from "./merge-patch.ts"

// The table of RFC 7396, appendix A.
const table: readonly (readonly [unknown, unknown, unknown])[] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]

for (const [target, patch, wanted] of table) {
  test(`${JSON.stringify(target)} merged with ${JSON.stringify(patch)}`, () => {
    assert.deepEqual(mergePatch(target, patch), wanted)
  })
}

test("a merge patch applied twice is applied once, and changes neither of its operands", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
      const [t, p] = [JSON.stringify(target), JSON.stringify(patch)]
      const once = mergePatch(target, patch)
      assert.deepEqual(mergePatch(once, patch), once)
      assert.deepEqual([JSON.stringify(target), JSON.stringify(patch)], [t, p])
    }),
  )
})
