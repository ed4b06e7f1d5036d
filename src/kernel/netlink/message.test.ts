import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { MessageWriter, readAttributes, readMessages, textOf } from "./message.ts"

test("a message has a header, is padded to four bytes, and says its length without the padding of the end", () => {
  const message = new MessageWriter(16, 4).u8(1, 2, 3, 4).attributeText(3, "eth0").finish(7)
  assert.equal(
    message.toString("hex"),
    "20000000" +
      "1000" +
      "0500" +
      "07000000" +
      "00000000" +
      "01020304" +
      "0900" +
      "0300" +
      "6574683000" +
      "000000",
  )
})

test("messages and attributes are read as they were written, several in a datagram", () => {
  const payloads = fc.dictionary(
    fc.integer({ min: 1, max: 100 }).map(String),
    fc.uint8Array({ maxLength: 300 }),
    { maxKeys: 8 },
  )
  fc.assert(
    fc.property(fc.array(payloads, { maxLength: 5 }), (messages) => {
      const datagram = Buffer.concat(
        messages.map((attributes, sequence) => {
          const writer = new MessageWriter(24, 0)
          for (const [type, value] of Object.entries(attributes))
            writer.attribute(Number(type), Buffer.from(value))
          return Buffer.from(writer.finish(sequence))
        }),
      )
      const read = [...readMessages(datagram)]
      assert.deepEqual(
        read.map((m) => m.sequence),
        messages.map((_, i) => i),
      )
      for (const [i, message] of read.entries()) {
        const attributes = [...readAttributes(message.body)].map(([t, v]) => [String(t), [...v]])
        const wanted = Object.entries(messages[i] ?? {}).map(([t, v]) => [t, [...v]])
        assert.deepEqual(new Map(attributes as []), new Map(wanted as []))
      }
    }),
  )
})

test("nested attributes are read inside out, and flags in the type do not count", () => {
  const writer = new MessageWriter(16, 0)
  writer.nested(18 | 0x8000, () => writer.attributeU32(2, 9).attributeText(1, "veth"))
  const [message] = readMessages(writer.finish())
  const inner = readAttributes(
    readAttributes(message?.body ?? Buffer.alloc(0)).get(18) ?? Buffer.alloc(0),
  )
  assert.equal(inner.get(2)?.readUInt32LE(), 9)
  assert.equal(textOf(inner.get(1) ?? Buffer.alloc(0)), "veth")
})

test("whatever bytes come, reading ends and stays inside them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const data = Buffer.from(bytes)
      for (const { body } of readMessages(data)) assert.ok(body.length <= data.length)
      for (const value of readAttributes(data).values()) assert.ok(value.length <= data.length)
    }),
  )
})
