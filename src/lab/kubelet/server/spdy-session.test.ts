import assert from "node:assert/strict"
import { type Duplex, duplexPair } from "node:stream"
import { test } from "node:test"
import { controlFrame, dataFrame, frameType, HeaderCodec, takeFrame } from "./spdy-codec.ts"
import { spdyDictionary } from "./spdy-dictionary.ts"
import { SpdySession } from "./spdy-session.ts"

test("the dictionary is the one whose checksum every SPDY/3 client sends", () => {
  let [a, b] = [1, 0]
  for (const byte of spdyDictionary) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  assert.equal((((b << 16) | a) >>> 0).toString(16), "e3c6a7c2")
})

test("header blocks survive, one after another in the same compression", async () => {
  const [from, to] = [new HeaderCodec(), new HeaderCodec()]
  for (const headers of [{ streamtype: "stdin" }, { streamtype: "error", port: "80" }, {}]) {
    const sent = new Map(Object.entries(headers))
    assert.deepEqual(await to.decode(await from.encode(sent)), sent)
  }
  from.close()
  to.close()
})

/** The client's side, by hand. */
async function open(socket: Duplex, codec: HeaderCodec, id: number, headers: object) {
  const head = Buffer.alloc(10)
  head.writeUInt32BE(id, 0)
  const block = await codec.encode(new Map(Object.entries(headers)))
  socket.write(controlFrame(frameType.synStream, 0, Buffer.concat([head, block])))
}

test("a client opens a stream, sends, is answered and closes", async () => {
  const [client, server] = duplexPair()
  const streams: string[] = []
  const session = new SpdySession(server, Buffer.alloc(0), (stream, headers) => {
    streams.push(headers.get("streamtype") ?? "")
    stream.on("data", (chunk: Buffer) => stream.write(chunk.toString().toUpperCase()))
    stream.on("end", () => stream.end())
  })
  const codec = new HeaderCodec()
  await open(client, codec, 1, { streamtype: "data" })
  client.write(dataFrame(1, Buffer.from("hel"), false))
  // A frame in pieces: the connection knows nothing of frames.
  const rest = dataFrame(1, Buffer.from("lo"), true)
  client.write(rest.subarray(0, 5))
  client.write(rest.subarray(5))
  const ping = Buffer.from([0, 0, 0, 7])
  client.write(controlFrame(frameType.ping, 0, ping))
  let received: Buffer = Buffer.alloc(0)
  let text = ""
  let closed = false
  let pong = false
  for await (const chunk of client) {
    received = Buffer.concat([received, chunk])
    for (let taken = takeFrame(received); taken; taken = takeFrame(received)) {
      received = taken.rest
      if (taken.frame.control) pong ||= taken.frame.type === frameType.ping
      else {
        text += taken.frame.data.toString()
        closed ||= taken.frame.fin
      }
    }
    if (closed && pong) break
  }
  assert.deepEqual([streams, text], [["data"], "HELLO"])
  await session.closed
  codec.close()
})

test("bytes that are not SPDY end the session, not the process", async () => {
  const [client, server] = duplexPair()
  const session = new SpdySession(server, Buffer.alloc(0), () => {})
  client.on("error", () => {})
  client.write(Buffer.from([0x80, 9, 0, 1, 0, 0, 0, 0, 1, 2, 3]))
  await session.closed
})
