// Goal: each weakness on docs/weaknesses.md is held by the tests that it names.
import assert from "node:assert/strict"
import { globSync, readFileSync } from "node:fs"
import { test } from "node:test"

const named = /["`](W\d+(?:, W\d+)*): ([^"`]+)["`]/g
const doesNotArise = new Set(["W31", "W32"])

/** The number and the name of the test, once for each weakness that a test is named after. */
function testsInCode(): Set<string> {
  const files = globSync(["{src,test}/**/*.test.ts", "src/**/testing/*-cases.ts"])
  return new Set(
    files.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(named)].flatMap(([, numbers = "", name]) =>
        numbers.split(", ").map((number) => `${number}: ${name}`),
      ),
    ),
  )
}

test("docs/weaknesses.md and the tests that are named after weaknesses agree", () => {
  const rows = readFileSync("docs/weaknesses.md", "utf8").split("\n")
  const table = rows.flatMap((row) => {
    const [, number = "", , , tests = ""] = row.split("|").map((cell) => cell.trim())
    return /^W\d+$/.test(number) ? [{ number, tests: [...tests.matchAll(/`([^`]+)`/g)] }] : []
  })
  assert.deepEqual(
    table.map((row) => row.number),
    Array.from({ length: 42 }, (_, i) => `W${i + 1}`),
  )
  const listed = table.flatMap(({ number, tests }) => tests.map(([, name]) => `${number}: ${name}`))
  assert.deepEqual(listed.sort(), [...testsInCode()].sort())
  for (const { number, tests } of table)
    assert.ok(tests.length > 0 || doesNotArise.has(number), `${number} has no test`)
})
