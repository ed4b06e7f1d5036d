// Goal: bytes go through unchanged in both directions, each end of stream on its own, and closing leaves nothing open.
import assert from "node:assert/strict"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buffer, text } from "node:stream/consumers"
import { type TestContext, test } from "node:test"
import { isError } from "../../errors/catalogue.ts"
import { openRelay } from "./relay.ts"

async function world(t: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "berth-relay-"))
  const path = join(folder, "world.sock")
  const server: Server = createServer({ allowHalfOpen: true }, serve)
  await once(server.listen(path), "listening")
  t.after(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  return path
}

const dial = (port: number) => connect({ port, host: "127.0.0.1", allowHalfOpen: true })

test("a megabyte comes back unchanged after the client closed its side", async (t) => {
  const socket = await world(t, (s) => s.pipe(s))
  await using relay = await openRelay({ port: 0, socket, what: "a test" })
  const sent = Buffer.alloc(1 << 20, "0123456789")
  const client = dial(relay.port)
  client.end(sent)
  assert.ok(sent.equals(await buffer(client)))
})

test("the world's answer arrives when it comes only after the client's end of stream", async (t) => {
  const socket = await world(t, (s) => void text(s).then((got) => s.end(`${got.length} bytes`)))
  await using relay = await openRelay({ port: 0, socket, what: "a test" })
  const client = dial(relay.port)
  client.end("hello")
  assert.equal(await text(client), "5 bytes")
})

test("a world that hangs up ends the client's stream; one that does not listen resets it", async (t) => {
  const socket = await world(t, (s) => s.destroy())
  for (const [path, event] of [
    [socket, "end"],
    [`${socket}.absent`, "error"],
  ] as const) {
    await using relay = await openRelay({ port: 0, socket: path, what: "a test" })
    const client = dial(relay.port)
    await once(client.resume(), event)
    client.destroy()
  }
})

test("closing the relay closes its connections on both sides", async (t) => {
  const accepted = Promise.withResolvers<Socket>()
  const socket = await world(t, accepted.resolve)
  const relay = await openRelay({ port: 0, socket, what: "a test" })
  const client = dial(relay.port)
  client.on("error", () => {})
  const inside = await accepted.promise
  inside.resume()
  const closed = Promise.all([once(client.resume(), "close"), once(inside, "end")])
  await relay.close()
  client.destroy()
  await closed
})

test("an occupied port is named with what it was wanted for", async (t) => {
  const socket = await world(t, (s) => s.end())
  await using first = await openRelay({ port: 0, socket, what: "a test" })
  await assert.rejects(openRelay({ port: first.port, socket, what: "EC2" }), (error) => {
    assert.ok(isError(error, "lab/port-in-use"))
    assert.deepEqual(error.detail, { port: first.port, what: "EC2" })
    return true
  })
})
