import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { bindNode, defaultBindingKey, externalLabel } from "./binding.ts"

const keys = {
  annotationKey: "k8s.amazonaws.com/eniConfig",
  labelKey: "topology.kubernetes.io/zone",
}

const external = { [externalLabel]: "from-external" }
const annotated = { [keys.annotationKey]: "from-annotation" }
const labelled = { [keys.labelKey]: "from-label" }
const pool = () => ({ ok: true, name: "from-pool", trace: [] }) as const

test("the first key that is present decides: external label, annotation, pool, label, default", () => {
  const node = { name: "n", labels: { ...external, ...labelled }, annotations: annotated }
  const cases = [
    [node, pool, "from-external", "ExternalLabel"],
    [{ ...node, labels: labelled }, pool, "from-annotation", "Annotation"],
    [{ name: "n", labels: labelled }, pool, "from-pool", "SubnetPool"],
    [{ name: "n", labels: labelled }, undefined, "from-label", "Label"],
    [{ name: "n" }, undefined, "default", "Default"],
  ] as const
  for (const [facts, choosePool, name, source] of cases) {
    const decision = bindNode(facts, keys, choosePool)
    assert.ok(decision.ok)
    assert.deepEqual([decision.binding.name, decision.binding.source], [name, source])
  }
})

test("a present but empty value is refused and never falls through", () => {
  for (const [labels, annotations] of [
    [{ ...labelled, [externalLabel]: "" }, annotated],
    [labelled, { [keys.annotationKey]: "" }],
    [{ [keys.labelKey]: "" }, {}],
  ]) {
    const decision = bindNode({ name: "n", ...(labels && { labels }), annotations }, keys)
    assert.ok(!decision.ok)
    assert.equal(decision.refusal.code, "placement/binding-empty")
  }
})

test("an unset key of the environment means the original's default key", () => {
  const unset = { annotationKey: "", labelKey: "" }
  const decision = bindNode({ name: "n", labels: { [defaultBindingKey]: "x" } }, unset)
  assert.ok(decision.ok)
  assert.deepEqual(decision.binding, { name: "x", source: "Label", key: defaultBindingKey })
})

test("pools are not consulted when the node itself says where it belongs", () => {
  const never = () => assert.fail("a pool was looked for")
  for (const node of [{ labels: external }, { annotations: annotated }]) {
    assert.ok(bindNode({ name: "n", ...node }, keys, never).ok)
  }
})

test("labels that only the prototype has are not present", () => {
  const decision = bindNode(
    { name: "n", labels: {} },
    { annotationKey: "a", labelKey: "constructor" },
  )
  assert.ok(decision.ok && decision.binding.source === "Default")
})

test("the trace ends with the decision and names everything looked at before it", () => {
  const value = fc.option(fc.constantFrom("", "x"), { nil: undefined })
  fc.assert(
    fc.property(value, value, value, (ext, annotation, label) => {
      const labels = {
        ...(ext !== undefined && { [externalLabel]: ext }),
        ...(label !== undefined && { [keys.labelKey]: label }),
      }
      const annotations = annotation === undefined ? {} : { [keys.annotationKey]: annotation }
      const { ok, trace } = bindNode({ name: "n", labels, annotations }, keys)
      assert.equal(trace.at(-1)?.verdict, ok ? "chosen" : "refused")
      assert.ok(trace.slice(0, -1).every((step) => step.verdict === "passed over"))
      const first = [ext, annotation, label].find((v) => v !== undefined)
      assert.equal(ok, first !== "")
    }),
  )
})
