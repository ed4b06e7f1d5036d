import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { matchesFields, parseFieldSelector } from "./field-selector.ts"
import { parseLabelSelector } from "./label-selector.ts"
import { matchesSelector, selectorText } from "./selector-object.ts"

const labels = { app: "web", tier: "front", n: "5", "example.com/zone": "a" }

const table: readonly (readonly [string, boolean])[] = [
  ["", true],
  ["app=web", true],
  ["app==web,tier=front", true],
  ["app=web,tier=back", false],
  ["app!=web", false],
  ["absent!=x", true],
  ["app in (web, api)", true],
  ["app notin (web)", false],
  ["absent notin (x)", true],
  ["absent in (x)", false],
  ["app", true],
  ["!app", false],
  ["! absent", true],
  ["n>4,n<6", true],
  ["n>5", false],
  ["example.com/zone=a", true],
  ["app in (web),!absent,tier notin (back,mid)", true],
  ["app=", false],
]

for (const [text, matches] of table) {
  test(`the label selector ${JSON.stringify(text)} ${matches ? "matches" : "does not match"}`, () => {
    assert.equal(parseLabelSelector(text)(labels), matches)
  })
}

test("malformed label selectors are refused", () => {
  for (const text of ["a===b", "a in b", "in (x)", "a b", "a=b=c", "=x"]) {
    assert.throws(() => parseLabelSelector(text), { status: 400 }, text)
  }
})

test("a selector object selects what its text selects", () => {
  const keys = fc.constantFrom("a", "b", "c")
  const values = fc.constantFrom("1", "2", "3")
  const term = fc.oneof(
    fc.record({ key: keys, operator: fc.constantFrom("Exists", "DoesNotExist") }),
    fc.record({
      key: keys,
      operator: fc.constantFrom("In", "NotIn"),
      values: fc.uniqueArray(values, { minLength: 1 }),
    }),
  )
  const selector = fc.record({
    matchLabels: fc.dictionary(keys, values),
    matchExpressions: fc.array(term, { maxLength: 3 }),
  })
  fc.assert(
    fc.property(selector, fc.dictionary(keys, values), (s, l) => {
      const text = selectorText(s)
      const parsed = parseLabelSelector(text === "<none>" ? "" : text)
      assert.equal(matchesSelector(s, l), parsed(l), text)
    }),
  )
})

test("no selector selects nothing, an empty one everything", () => {
  assert.equal(matchesSelector(undefined, labels), false)
  assert.equal(matchesSelector({}, labels), true)
})

test("field selectors compare texts; what is absent is empty", () => {
  const selectable = new Set(["spec.nodeName", "status.phase", "spec.unschedulable"])
  const pod = { spec: { nodeName: "n1" }, status: {} }
  const matches = (text: string) => matchesFields(parseFieldSelector(text, selectable), pod)
  assert.equal(matches("spec.nodeName=n1"), true)
  assert.equal(matches("spec.nodeName==n1,status.phase!=Failed"), true)
  assert.equal(matches("status.phase="), true)
  assert.equal(matches("spec.nodeName!=n1"), false)
  assert.equal(matches("spec.unschedulable=false"), true)
  assert.throws(
    () => parseFieldSelector("spec.other=x", selectable),
    /field label not supported: spec.other/,
  )
  assert.throws(() => parseFieldSelector("nonsense", selectable), { status: 400 })
})
