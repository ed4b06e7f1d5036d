import assert from "node:assert/strict"
import { test } from "node:test"
import { exitCodes } from "../src/cli/reference/exit-codes.ts"
import { catalogue } from "../src/errors/catalogue.ts"

test("every exit code that an error of the catalogue has is documented", () => {
  const documented = new Set(exitCodes.map(([code]) => code))
  const used = Object.entries(catalogue).map(([name, entry]) => [name, entry.exit ?? 1] as const)
  assert.deepEqual(
    used.filter(([, code]) => !documented.has(code)),
    [],
  )
})
