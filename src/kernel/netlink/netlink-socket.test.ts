// Goal: no answer is taken for another one, and no partial reading for a whole one.
import assert from "node:assert/strict"
import { test } from "node:test"
import { ErrnoError } from "../errno-error.ts"
import { MessageWriter } from "./message.ts"
import type { NetlinkChannel } from "./netlink-channel.ts"
import { NetlinkSocket } from "./netlink-socket.ts"

const error = 2
const done = 3
const interrupted = 0x10
const capped = 0x100
const withText = 0x200

interface Answer {
  readonly type: number
  readonly flags?: number
  readonly body?: Buffer
  /** Of another request, when set. */
  readonly sequence?: number
}

/** Answers each request with the next list of datagrams. */
function scripted(answers: (readonly (readonly Answer[])[])[]): NetlinkChannel & { sent: number } {
  const queue: Buffer[] = []
  const channel = {
    sent: 0,
    send(data: Buffer) {
      channel.sent += 1
      const sequence = data.readUInt32LE(8)
      for (const datagram of answers.shift() ?? [])
        queue.push(Buffer.concat(datagram.map((answer) => encode(answer, sequence))))
    },
    async sendAside(data: Buffer) {
      channel.send(data)
    },
    receive() {
      const next = queue.shift()
      if (!next) throw new ErrnoError("recv", "EAGAIN")
      return next
    },
    close() {},
  }
  return channel
}

function encode(
  { type, flags = 0, body = Buffer.alloc(4), sequence }: Answer,
  asked: number,
): Buffer {
  const writer = new MessageWriter(type, flags).u8(...body)
  const bytes = Buffer.from(writer.finish(sequence ?? asked))
  bytes.writeUInt16LE(flags, 6)
  return bytes
}

const errno = (value: number) => {
  const body = Buffer.alloc(20)
  body.writeInt32LE(-value)
  body.writeUInt32LE(16, 4)
  return body
}
const item = (value: number, flags = 0): Answer => ({
  type: 20,
  flags,
  body: Buffer.alloc(4, value),
})
const request = () => new MessageWriter(22, 0)
const end: Answer = { type: done }
const ok: Answer = { type: error, body: errno(0) }

test("a dump is read to its end over several datagrams", () => {
  const socket = new NetlinkSocket(scripted([[[item(1), item(2)], [item(3)], [end]]]))
  assert.deepEqual(
    socket.dump(request()).map((body) => body[0]),
    [1, 2, 3],
  )
})

test("a dump that was interrupted is done again, and its partial data thrown away", () => {
  const broken = [[item(9, interrupted)], [item(8)], [end]]
  const channel = scripted([broken, broken, [[item(1)], [end]]])
  const bodies = new NetlinkSocket(channel).dump(request())
  assert.deepEqual(
    bodies.map((body) => body[0]),
    [1],
  )
  assert.equal(channel.sent, 3)
})

test("after five interruptions a dump fails instead of answering half", () => {
  const channel = scripted(
    Array.from({ length: 9 }, () => [[item(1), { ...end, flags: interrupted }]]),
  )
  assert.throws(() => new NetlinkSocket(channel).dump(request()), /EINTR/)
  assert.equal(channel.sent, 5)
})

test("a dump that ends with an error fails", () => {
  const socket = new NetlinkSocket(scripted([[[item(1)], [{ type: done, body: errno(12) }]]]))
  assert.throws(() => socket.dump(request()), /ENOMEM/)
})

test("answers to earlier requests are passed over", () => {
  const stale: Answer = { type: error, body: errno(19), sequence: 99 }
  const socket = new NetlinkSocket(scripted([[[stale], [stale, ok]], [[stale, item(5)]]]))
  socket.change(request())
  assert.equal(socket.get(request())[0], 5)
})

test("a refusal carries the errno and the kernel's own text, capped or not", () => {
  const text = Buffer.from([16, 0, 1, 0, ...Buffer.from("no such way\0")])
  const refusals: Answer[] = [
    { type: error, flags: capped | withText, body: Buffer.concat([errno(19), text]) },
    { type: error, flags: withText, body: Buffer.concat([errno(19), text]) },
  ]
  for (const refusal of refusals)
    assert.throws(() => new NetlinkSocket(scripted([[[refusal]]])).change(request()), {
      errno: "ENODEV",
      why: "no such way",
    })
  const silent: Answer = { type: error, body: errno(1) }
  assert.throws(() => new NetlinkSocket(scripted([[[silent]]])).change(request()), {
    errno: "EPERM",
    why: undefined,
  })
})

test("a missing answer is an error at once, not a wait", async () => {
  assert.throws(() => new NetlinkSocket(scripted([])).change(request()), /EAGAIN/)
  await assert.rejects(new NetlinkSocket(scripted([])).changeAside(request()), /EAGAIN/)
})
