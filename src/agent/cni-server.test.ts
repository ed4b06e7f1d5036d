import assert from "node:assert/strict"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { fail } from "../errors/catalogue.ts"
import { silentLogger } from "../log.ts"
import { type Answer, cniServer } from "./cni-server.ts"

async function withServer(
  answer: Answer,
  work: (send: (text: string) => Promise<string>, path: string) => Promise<void>,
  more: { maxCalls?: number } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "berth-server-"))
  const path = join(folder, "deep".repeat(30), "s")
  try {
    await using _ = await cniServer({ path, answer, log: silentLogger, ...more })
    await work((text) => send(path, text), path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function send(path: string, text: string): Promise<string> {
  // The folder is entered as the relay does it: the path is longer than sun_path.
  const before = process.cwd()
  process.chdir(join(path, ".."))
  try {
    return new Promise((resolve, reject) => {
      let reply = ""
      const connection = connect("s", () => connection.end(text))
      connection.setEncoding("utf8").on("data", (chunk) => (reply += String(chunk)))
      connection.on("error", reject).on("close", () => resolve(reply))
    })
  } finally {
    process.chdir(before)
  }
}

const status = 'CNI_COMMAND=STATUS\n\n{"cniVersion":"1.1.0","name":"aws-cni"}'

test("the reply is the exit code, then the output as it is", async () => {
  const answer: Answer = async () => '{"a":\n1}\n'
  await withServer(answer, async (call, path) => {
    assert.equal(await call(status), '0\n{"a":\n1}\n')
    assert.equal(statSync(path).mode & 0o777, 0o600, "only root may call")
  })
})

test("an error is answered in the version of the call, with code, message and hint", async () => {
  const answer: Answer = () => Promise.reject(fail("cni/not-available", { why: "too early" }))
  await withServer(answer, async (call) => {
    const [exit, ...body] = (await call(status)).split("\n")
    const error = JSON.parse(body.join("\n"))
    assert.equal(exit, "1")
    assert.deepEqual([error.cniVersion, error.code], ["1.1.0", 50])
    assert.match(error.msg, /too early/)
    assert.match(error.details, /\[cni\/not-available\]$/)
  })
})

test("garbage, an empty request and one that is too long are answered with an error", async () => {
  await withServer(
    async () => "",
    async (call) => {
      for (const text of ["", "\n\n", "garbage", "x".repeat(2_000_000)]) {
        assert.match(await call(text), /^1\n\{/)
      }
      assert.equal(await call(status), "0\n", "and the next call is served")
    },
  )
})

test("calls above the limit are told to try again", async () => {
  const gate = Promise.withResolvers<void>()
  const answer: Answer = () => gate.promise.then(() => "")
  await withServer(
    answer,
    async (call) => {
      const first = call(status)
      const replies = await Promise.all([call(status), call(status)])
      for (const reply of replies) assert.equal(JSON.parse(reply.slice(2)).code, 11)
      gate.resolve()
      assert.equal(await first, "0\n")
    },
    { maxCalls: 1 },
  )
})

test("a stopping agent answers nothing, so that the relay calls its successor", async () => {
  const answer: Answer = () => Promise.reject(fail("agent/stopping", {}))
  await withServer(answer, async (call) => assert.equal(await call(status), ""))
})

test("a caller that goes away disturbs nobody", async () => {
  const gate = Promise.withResolvers<void>()
  const answer: Answer = () => gate.promise.then(() => "x".repeat(500_000))
  await withServer(answer, async (call, path) => {
    const before = process.cwd()
    process.chdir(join(path, ".."))
    const gone = connect("s", () => gone.end(status))
    process.chdir(before)
    await new Promise((resolve) => gone.on("connect", resolve))
    gone.destroy()
    const second = call(status)
    gate.resolve()
    assert.equal((await second).length, 500_002)
  })
})
