import assert from "node:assert/strict"
import { PassThrough, Readable } from "node:stream"
import { test } from "node:test"
import type { Call } from "./command.ts"
import { confirm } from "./confirm.ts"

const call = (answer: string | undefined, yes = false): Call => ({
  args: [],
  options: { yes },
  stdin: Object.assign(Readable.from([answer ?? ""]), { isTTY: answer !== undefined }),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  signal: new AbortController().signal,
})

const ask = (c: Call) => confirm(c, "Replace 2 nodes?", "replacing 2 nodes")

test("y agrees, anything else does not, and --yes is not asked", async () => {
  await ask(call("y\n"))
  await ask(call("Yes\n"))
  await ask(call(undefined, true))
  for (const answer of ["n\n", "\n", "yep\n"])
    await assert.rejects(ask(call(answer)), { code: "cli/not-confirmed", exit: 64 })
})

test("where nobody can be asked nothing is done", async () => {
  await assert.rejects(ask(call(undefined)), { code: "cli/not-confirmed" })
})
