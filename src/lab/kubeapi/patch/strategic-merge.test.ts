import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { JsonObject } from "../json.ts"
import { builtinSchema } from "../types/builtin-schema.ts"
import { StrategicMergeError } from "./strategic-list.ts"
import { strategicMerge } from "./strategic-merge.ts"

const podSpec = builtinSchema("io.k8s.api.core.v1.PodSpec")
const meta = builtinSchema("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
const deployment = builtinSchema("io.k8s.api.apps.v1.DeploymentSpec")

const web = { name: "web", image: "web:1", env: [{ name: "A", value: "1" }], args: ["x", "y"] }
const side = { name: "side", image: "side:1" }

const table: readonly (readonly [string, JsonObject, JsonObject, JsonObject, typeof podSpec])[] = [
  [
    "lists with a merge key merge by it",
    { containers: [web, side] },
    { containers: [{ name: "web", env: [{ name: "B", value: "2" }] }] },
    {
      containers: [
        {
          ...web,
          env: [
            { name: "B", value: "2" },
            { name: "A", value: "1" },
          ],
        },
        side,
      ],
    },
    podSpec,
  ],
  [
    "lists without one are replaced",
    { containers: [web] },
    { containers: [{ name: "web", args: ["z"] }] },
    { containers: [{ ...web, args: ["z"] }] },
    podSpec,
  ],
  [
    "$patch: delete takes an element away",
    { containers: [web, side] },
    { containers: [{ name: "side", $patch: "delete" }] },
    { containers: [web] },
    podSpec,
  ],
  [
    "$patch: replace replaces a list",
    { containers: [web, side] },
    { containers: [{ $patch: "replace" }, { name: "other" }] },
    { containers: [{ name: "other" }] },
    podSpec,
  ],
  [
    "$setElementOrder says the order",
    { containers: [web, side] },
    {
      "$setElementOrder/containers": [{ name: "side" }, { name: "web" }],
      containers: [{ name: "web", image: "web:2" }],
    },
    { containers: [side, { ...web, image: "web:2" }] },
    podSpec,
  ],
  [
    "$retainKeys drops what is not retained",
    { volumes: [{ name: "v", emptyDir: {} }] },
    { volumes: [{ name: "v", $retainKeys: ["name", "hostPath"], hostPath: { path: "/x" } }] },
    { volumes: [{ name: "v", hostPath: { path: "/x" } }] },
    podSpec,
  ],
  [
    "lists of values are sets",
    { finalizers: ["a", "b"] },
    { finalizers: ["c", "a"] },
    { finalizers: ["c", "a", "b"] },
    meta,
  ],
  [
    "$deleteFromPrimitiveList takes values away",
    { finalizers: ["a", "b", "c"] },
    { "$deleteFromPrimitiveList/finalizers": ["b"] },
    { finalizers: ["a", "c"] },
    meta,
  ],
  [
    "null removes, and is not kept in new parts",
    { labels: { a: "1", b: "2" } },
    { labels: { a: null }, annotations: { c: null, d: "4" } },
    { labels: { b: "2" }, annotations: { d: "4" } },
    meta,
  ],
  [
    "$patch: replace replaces a map",
    { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } },
    { strategy: { $patch: "replace", type: "Recreate" } },
    { strategy: { type: "Recreate" } },
    deployment,
  ],
]

for (const [name, original, patch, wanted, schema] of table) {
  test(`a strategic merge: ${name}`, () => {
    const before = structuredClone(original)
    assert.deepEqual(strategicMerge(original, patch, schema), wanted)
    assert.deepEqual(original, before)
  })
}

test("what cannot be merged is refused", () => {
  const refused = (patch: JsonObject) =>
    assert.throws(() => strategicMerge({ containers: [web] }, patch, podSpec), StrategicMergeError)
  refused({ $patch: "bogus" })
  refused({ containers: [{ image: "no name" }] })
})

const container = fc.record({
  name: fc.constantFrom("a", "b", "c"),
  image: fc.constantFrom("x", "y"),
  env: fc.uniqueArray(
    fc.record({ name: fc.constantFrom("E", "F", "G"), value: fc.constantFrom("1", "2") }),
    { selector: (e) => e.name },
  ),
})
const spec = fc.record({
  containers: fc.uniqueArray(container, { selector: (c) => c.name }),
  nodeSelector: fc.dictionary(fc.constantFrom("k", "l"), fc.constantFrom("1", "2")),
})

test("a strategic merge holds what the patch says, keeps the rest, and applied twice is applied once", () => {
  fc.assert(
    fc.property(spec, spec, (original, patch) => {
      const once = strategicMerge(original, patch, podSpec)
      assert.deepEqual(strategicMerge(once, patch, podSpec), once)
      const merged = once.containers as typeof original.containers
      const names = new Set([...original.containers, ...patch.containers].map((c) => c.name))
      assert.deepEqual(new Set(merged.map((c) => c.name)), names)
      for (const wanted of patch.containers) {
        const got = merged.find((c) => c.name === wanted.name)
        assert.equal(got?.image, wanted.image)
        for (const e of wanted.env)
          assert.ok(got?.env.some((g) => g.name === e.name && g.value === e.value))
      }
    }),
  )
})
