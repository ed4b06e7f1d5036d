import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { canonicalQuantity, parseQuantity, quantityValue } from "./quantity.ts"

const table: readonly (readonly [string, string, number])[] = [
  ["1", "1", 1],
  ["0.5", "500m", 0.5],
  [".25", "250m", 0.25],
  ["1000m", "1", 1],
  ["1500m", "1500m", 1.5],
  ["1000", "1k", 1000],
  ["1024Mi", "1Gi", 1024 ** 3],
  ["1.5Gi", "1536Mi", 1.5 * 1024 ** 3],
  ["0.5Ki", "512", 512],
  ["1e3", "1e3", 1000],
  ["12e6", "12e6", 12e6],
  ["100u", "100u", 0.0001],
  ["-5", "-5", -5],
  ["+7", "7", 7],
  ["0", "0", 0],
  ["0Gi", "0", 0],
  ["2E", "2E", 2e18],
]

for (const [text, canonical, value] of table) {
  test(`the quantity ${text} is ${canonical}`, () => {
    assert.equal(canonicalQuantity(text), canonical)
    assert.equal(quantityValue(text), value)
  })
}

test("what is no quantity is refused", () => {
  for (const text of ["", "lots", "1 Gi", "1gi", "Gi", "1.2.3", "1ee3"]) {
    assert.equal(parseQuantity(text), undefined, text)
  }
})

test("the canonical form means the same", () => {
  const suffixes = ["", "m", "k", "M", "G", "Ki", "Mi", "Gi"]
  const number = fc.tuple(fc.nat(1e6), fc.constantFrom("", ".5", ".25", ".125"))
  fc.assert(
    fc.property(number, fc.constantFrom(...suffixes), ([whole, fraction], suffix) => {
      const text = `${whole}${fraction}${suffix}`
      const canonical = canonicalQuantity(text)
      assert.equal(
        parseQuantity(canonical)?.nano,
        parseQuantity(text)?.nano,
        `${text} -> ${canonical}`,
      )
    }),
  )
})
