import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { JsonPatchError, jsonPatch } from "./json-patch.ts"

// The examples of RFC 6902, appendix A.
const examples: readonly (readonly [string, unknown, unknown[], unknown])[] = [
  ["A.1", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { baz: "qux", foo: "bar" }],
  [
    "A.2",
    { foo: ["bar", "baz"] },
    [{ op: "add", path: "/foo/1", value: "qux" }],
    { foo: ["bar", "qux", "baz"] },
  ],
  ["A.3", { baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
  [
    "A.4",
    { foo: ["bar", "qux", "baz"] },
    [{ op: "remove", path: "/foo/1" }],
    { foo: ["bar", "baz"] },
  ],
  ["A.5", { baz: "qux" }, [{ op: "replace", path: "/baz", value: "boo" }], { baz: "boo" }],
  [
    "A.6",
    { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
    [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
    { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
  ],
  [
    "A.7",
    { foo: ["all", "grass", "cows", "eat"] },
    [{ op: "move", from: "/foo/1", path: "/foo/3" }],
    { foo: ["all", "cows", "eat", "grass"] },
  ],
  [
    "A.8",
    { baz: "qux", foo: ["a", 2, "c"] },
    [
      { op: "test", path: "/baz", value: "qux" },
      { op: "test", path: "/foo/1", value: 2 },
    ],
    { baz: "qux", foo: ["a", 2, "c"] },
  ],
  [
    "A.10",
    { foo: "bar" },
    [{ op: "add", path: "/child", value: { grandchild: {} } }],
    { foo: "bar", child: { grandchild: {} } },
  ],
  ["A.14", { "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }], { "/": 9, "~1": 10 }],
  [
    "A.16",
    { foo: ["bar"] },
    [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
    { foo: ["bar", ["abc", "def"]] },
  ],
  ["the whole document", { a: 1 }, [{ op: "replace", path: "", value: [2] }], [2]],
  [
    "a copy is a copy",
    { a: { b: 1 } },
    [
      { op: "copy", from: "/a", path: "/c" },
      { op: "replace", path: "/c/b", value: 2 },
    ],
    { a: { b: 1 }, c: { b: 2 } },
  ],
]

for (const [name, document, patch, wanted] of examples) {
  test(`a JSON patch: ${name}`, () => {
    const before = structuredClone(document)
    assert.deepEqual(jsonPatch(document, patch), wanted)
    assert.deepEqual(document, before)
  })
}

const refused: readonly (readonly [string, unknown, unknown[]])[] = [
  ["a failed test", { baz: "qux" }, [{ op: "test", path: "/baz", value: "bar" }]],
  ["an absent parent", { foo: "bar" }, [{ op: "add", path: "/baz/bat", value: "qux" }]],
  ["an absent member", { foo: "bar" }, [{ op: "remove", path: "/baz" }]],
  ["an index beyond the end", { a: [1] }, [{ op: "add", path: "/a/2", value: 0 }]],
  ["an index that is no number", { a: [1] }, [{ op: "replace", path: "/a/01", value: 0 }]],
  ["a move into itself", { a: { b: 1 } }, [{ op: "move", from: "/a", path: "/a/b" }]],
  ["an unknown operation", {}, [{ op: "merge", path: "" }]],
  ["no value", {}, [{ op: "add", path: "/a" }]],
  ["no operation", {}, ["text"]],
  ["a path without a slash", {}, [{ op: "add", path: "a", value: 1 }]],
  ["too many operations", {}, Array.from({ length: 10_001 }, () => ({ op: "test", path: "" }))],
]

for (const [name, document, patch] of refused) {
  test(`a JSON patch with ${name} is refused`, () => {
    assert.throws(() => jsonPatch(document, patch), JsonPatchError)
  })
}

test("adding a member and removing it again changes nothing", () => {
  const objects = fc.dictionary(fc.string(), fc.jsonValue())
  fc.assert(
    fc.property(objects, fc.string(), fc.jsonValue(), (object, key, value) => {
      fc.pre(!Object.hasOwn(object, key))
      const path = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`
      const patch = [
        { op: "add", path, value },
        { op: "test", path, value },
        { op: "remove", path },
      ]
      assert.deepEqual(jsonPatch(object, patch), structuredClone(object))
    }),
  )
})
