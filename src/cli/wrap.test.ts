import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { wrap } from "./wrap.ts"

test("the first line keeps its indent, later ones get theirs, and no word is lost", () => {
  assert.equal(wrap("    fix: one two three", 15, "      "), "    fix: one\n      two three")
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(words, fc.nat(6), fc.integer({ min: 20, max: 40 }), (all, lead, width) => {
      const prose = " ".repeat(lead) + all.join(" ")
      const lines = wrap(prose, width, "  ").split("\n")
      assert.ok(lines.every((line) => line.length <= width))
      assert.ok(lines[0]?.startsWith(" ".repeat(lead)))
      assert.deepEqual(
        lines.flatMap((line) => line.trim().split(" ")),
        all,
      )
    }),
  )
})
