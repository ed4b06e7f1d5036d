import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { evaluateMaxPods } from "./max-pods-expression.ts"

const inputs = { default_enis: 3, ips_per_eni: 10, max_pods: 29 }

test("arithmetic, comparison and choice, with CEL's precedence", () => {
  const cases: [string, number | undefined][] = [
    ["((default_enis - 1) * (ips_per_eni - 1)) + 2", 20],
    ["max_pods", 29],
    ["2 + 3 * 4", 14],
    ["7 / 2", 3],
    ["10 % 4 - -1", 3],
    ["default_enis > 2 ? 110 : max_pods", 110],
    ["default_enis > 2 && ips_per_eni < 5 ? 1 : default_enis == 3 ? 2 : 3", 2],
    ["max_pods - 30", undefined],
    ["1 / 0", undefined],
    ["unknown + 1", undefined],
    ["1 +", undefined],
    ["(1", undefined],
    ["1 1", undefined],
    ["max_pods; exit", undefined],
    ["4294967296", undefined],
    ["", undefined],
  ]
  for (const [text, expected] of cases) assert.equal(evaluateMaxPods(text, inputs), expected, text)
})

test("no text makes it throw, and what it returns is a positive int", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0129+-*/%()?:<>=&|! max_pods") }), (text) => {
      const value = evaluateMaxPods(text, inputs)
      assert.ok(value === undefined || (Number.isInteger(value) && value > 0))
    }),
  )
})
