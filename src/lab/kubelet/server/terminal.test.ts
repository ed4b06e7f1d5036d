import assert from "node:assert/strict"
import { PassThrough } from "node:stream"
import { text } from "node:stream/consumers"
import { test } from "node:test"
import { withCarriageReturns, withControlKeys } from "./terminal.ts"

test("line feeds bring carriage returns, other bytes stay", async () => {
  const out = new PassThrough()
  const to = withCarriageReturns(out)
  to.write("a\nü\n")
  out.end()
  assert.equal(await text(out), "a\r\nü\r\n")
})

test("Ctrl-C interrupts and is not input, Ctrl-D ends the input", async () => {
  let interrupts = 0
  const from = new PassThrough()
  const keys = withControlKeys(from, () => interrupts++)
  from.write("ab\x03c")
  from.write("d\x04e")
  assert.equal(await text(keys), "abcd")
  assert.equal(interrupts, 1)
})
