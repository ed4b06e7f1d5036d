// One case table over both relays: the C program and the script for Node must not differ in anything a runtime sees.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { after, before, describe, test } from "node:test"
import { fileURLToPath } from "node:url"
import { type RelayBinary, relayBinary } from "./relay-binary.ts"

const script: RelayBinary = {
  path: fileURLToPath(new URL("relay.mjs", import.meta.url)),
  kind: "node",
}
const compiled = await relayBinary()
const relays = compiled.kind === "c" ? [compiled, script] : [script]

const never = Symbol("an agent that hangs")

interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

function call(relay: RelayBinary, env: Record<string, string>, stdin: string): Promise<Outcome> {
  const [file = "", ...args] = relay.kind === "c" ? [relay.path] : [process.execPath, relay.path]
  const child = spawn(file, args, { env })
  const out = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (out.stderr += text))
  child.stdin.on("error", () => {})
  child.stdin.end(stdin)
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...out })))
}

/** An agent that answers each connection with the next of `replies`; undefined closes without a word. */
async function fakeAgent(path: string, replies: (string | undefined | typeof never)[]) {
  const requests: string[] = []
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    let text = ""
    socket.setEncoding("utf8").on("data", (chunk) => (text += String(chunk)))
    socket.on("error", () => {})
    socket.on("end", () => {
      requests.push(text)
      const reply = replies.shift()
      if (reply === never) return
      if (reply === undefined) socket.destroy()
      else socket.end(reply)
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  }
  return { requests, close }
}

for (const relay of relays) {
  describe(`the ${relay.kind} relay`, () => {
    let folder = ""
    let socket = ""
    const agents: { close: () => Promise<unknown> }[] = []
    const agent = async (...replies: Parameters<typeof fakeAgent>[1]) => {
      const a = await fakeAgent(socket, replies)
      agents.push(a)
      return a.requests
    }
    const config = '{"name":"x","cniVersion" : "0.4.0"}'
    const nowhere = () => ({ BERTH_SOCKET: join(folder, "none", "s") })
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "berth-relay-"))
      socket = join(folder, "s")
    })
    after(() => rmSync(folder, { recursive: true }))
    const stop = () => Promise.all(agents.splice(0).map((a) => a.close()))

    test("sends the CNI variables and stdin as they are, prints the reply and exits with its code", async () => {
      const requests = await agent('3\n{"ips":[]}\nä\n')
      const env = { BERTH_SOCKET: socket, CNI_COMMAND: "ADD", CNI_ARGS: "A=1;B=ü", OTHER: "x" }
      const outcome = await call(relay, env, '{"cniVersion":"1.0.0",\n\n"x":"ö"}')
      assert.deepEqual(outcome, { code: 3, stdout: '{"ips":[]}\nä\n', stderr: "" })
      const [header = "", ...rest] = requests[0]!.split("\n\n")
      assert.deepEqual(header.split("\n").sort(), ["CNI_ARGS=A=1;B=ü", "CNI_COMMAND=ADD"])
      assert.equal(rest.join("\n\n"), '{"cniVersion":"1.0.0",\n\n"x":"ö"}')
      await stop()
    })

    test("passes a megabyte both ways", async () => {
      const big = "x".repeat(1_000_000)
      const requests = await agent(`0\n${big}`)
      const outcome = await call(relay, { BERTH_SOCKET: socket, CNI_COMMAND: "ADD" }, big)
      assert.equal(outcome.code, 0)
      assert.equal(outcome.stdout, big)
      assert.ok(requests[0]!.endsWith(big))
      await stop()
    })

    test("sends again when the agent goes away during a call, as it does when it restarts", async () => {
      const requests = await agent(undefined, undefined, "0\nok")
      const outcome = await call(relay, { BERTH_SOCKET: socket, CNI_COMMAND: "DEL" }, "{}")
      assert.deepEqual([outcome.code, outcome.stdout, requests.length], [0, "ok", 3])
      await stop()
    })

    test("waits for an agent that starts a moment later", async () => {
      const outcome = call(relay, { BERTH_SOCKET: socket, CNI_COMMAND: "ADD" }, "{}")
      await new Promise((resolve) => setTimeout(resolve, 300))
      await agent("0\nok")
      assert.equal((await outcome).stdout, "ok")
      await stop()
    })

    test("answers VERSION without the agent", async () => {
      const outcome = await call(relay, { CNI_COMMAND: "VERSION" }, "")
      assert.equal(outcome.code, 0)
      assert.deepEqual(JSON.parse(outcome.stdout), {
        cniVersion: "1.1.0",
        supportedVersions: ["0.3.1", "0.4.0", "1.0.0", "1.1.0"],
      })
    })

    test("gives up on an agent that takes the call and hangs, without calling again", async () => {
      const requests = await agent(never, never)
      const env = { BERTH_SOCKET: socket, BERTH_CNI_DEADLINE_MS: "200" }
      for (const [command, code] of [
        ["ADD", 11],
        ["STATUS", 50],
      ] as const) {
        const outcome = await call(relay, { ...env, CNI_COMMAND: command }, config)
        const { cniVersion, code: said, msg } = JSON.parse(outcome.stdout)
        assert.deepEqual([outcome.code, cniVersion, said], [1, "0.4.0", code])
        assert.equal(msg, "the node agent (aws-node) does not answer")
      }
      assert.equal(requests.length, 2)
      await stop()
    })

    const refusals: [string, Record<string, string>, string, number][] = [
      ["no CNI_COMMAND", {}, "", 4],
      ["a line break in a variable", { CNI_COMMAND: "ADD", CNI_ARGS: "a\nCNI_NETNS=/x" }, "", 4],
      ["variables of 64 KiB", { CNI_COMMAND: "ADD", CNI_ARGS: "a".repeat(66_000) }, "", 4],
      ["a configuration above 1 MiB", { CNI_COMMAND: "ADD" }, "x".repeat((1 << 20) + 1), 6],
    ]
    for (const [what, env, stdin, code] of refusals) {
      test(`refuses ${what}`, async () => {
        const outcome = await call(relay, { BERTH_SOCKET: socket, ...env }, stdin)
        assert.deepEqual([outcome.code, JSON.parse(outcome.stdout).code], [1, code])
      })
    }

    test("finds the socket by the link beside it, however long the path", async () => {
      const deep = join(folder, "d".repeat(90), "e".repeat(90))
      mkdirSync(deep, { recursive: true })
      const copy = join(deep, relay.kind === "c" ? "berth-cni" : "berth-cni.mjs")
      copyFileSync(relay.path, copy)
      symlinkSync(socket, join(dirname(copy), "berth-cni.sock"))
      await agent("0\nok")
      const outcome = await call({ ...relay, path: copy }, { CNI_COMMAND: "ADD" }, "{}")
      assert.equal(outcome.stdout, "ok")
      await stop()
    })

    test("without an agent: a CNI error in the version of the request, and STATUS does not wait", async () => {
      const status = await call(relay, { ...nowhere(), CNI_COMMAND: "STATUS" }, config)
      const env = { ...nowhere(), BERTH_CNI_DEADLINE_MS: "300" }
      const del = await call(relay, { ...env, CNI_COMMAND: "DEL" }, config)
      const { cniVersion, code, msg } = JSON.parse(del.stdout)
      assert.deepEqual([del.code, cniVersion, code], [1, "0.4.0", 11])
      assert.equal(msg, "the node agent (aws-node) does not answer")
      assert.equal(JSON.parse(status.stdout).code, 50)
    })
  })
}

test("a host without a compiler gets the relay for Node", async () => {
  const empty = mkdtempSync(join(tmpdir(), "berth-relay-"))
  const path = process.env["PATH"]
  try {
    process.env["PATH"] = empty
    assert.deepEqual(await relayBinary(empty), script)
  } finally {
    process.env["PATH"] = path
    rmSync(empty, { recursive: true })
  }
})
