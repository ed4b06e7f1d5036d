import assert from "node:assert/strict"
import { test } from "node:test"
import type { LabelSelector } from "../api/meta.ts"
import { selects } from "./selector.ts"

type Operator = NonNullable<LabelSelector["matchExpressions"]>[number]["operator"]
const expression = (operator: Operator, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key: "app", operator, ...(values && { values }) }],
})

// Each row as apimachinery's LabelSelectorAsSelector and labels.Requirement decide it.
const cases: [
  what: string,
  selector: LabelSelector,
  labels: Record<string, string>,
  expected: boolean,
][] = [
  ["an empty selector", {}, { app: "a" }, true],
  ["an empty selector, no labels", {}, {}, true],
  ["an equal label", { matchLabels: { app: "a" } }, { app: "a", x: "y" }, true],
  ["another value", { matchLabels: { app: "a" } }, { app: "b" }, false],
  ["a missing label", { matchLabels: { app: "" } }, {}, false],
  ["a label of the prototype", { matchLabels: { constructor: "x" } }, {}, false],
  ["In", expression("In", ["a", "b"]), { app: "b" }, true],
  ["In, missing", expression("In", ["a"]), {}, false],
  ["NotIn", expression("NotIn", ["a"]), { app: "b" }, true],
  ["NotIn, missing", expression("NotIn", ["a"]), {}, true],
  ["NotIn, listed", expression("NotIn", ["a"]), { app: "a" }, false],
  ["Exists", expression("Exists"), { app: "" }, true],
  ["Exists, missing", expression("Exists"), {}, false],
  ["DoesNotExist", expression("DoesNotExist"), {}, true],
  ["DoesNotExist, present", expression("DoesNotExist"), { app: "a" }, false],
  ["In without values", expression("In"), { app: "a" }, false],
  ["NotIn without values", expression("NotIn", []), { app: "a" }, false],
  ["Exists with values", expression("Exists", ["a"]), { app: "a" }, false],
  ["an unknown operator", expression("Like" as Operator, ["a"]), { app: "a" }, false],
  ["both parts", { matchLabels: { x: "y" }, ...expression("Exists") }, { app: "a", x: "z" }, false],
]

for (const [what, selector, labels, expected] of cases) {
  test(`${what} ${expected ? "selects" : "does not select"}`, () => {
    assert.equal(selects(selector, labels), expected)
  })
}
