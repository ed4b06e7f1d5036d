import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { XMLParser } from "fast-xml-parser"
import { element, elements } from "./xml.ts"

const reader = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  processEntities: true,
  htmlEntities: true,
})

test("any text comes back from an XML reader as it was, but for what XML cannot hold", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
      const read: unknown = reader.parse(element("a", text))
      assert.deepEqual(read, { a: text.replace(/[\p{Cs}\uFFFE\uFFFF]/gu, "\uFFFD") })
    }),
  )
})

test("control characters that XML has no form for are replaced", () => {
  assert.equal(element("a", "x\u0000\u001B\uFFFEy"), "<a>x\uFFFD\uFFFD\uFFFDy</a>")
  assert.equal(element("a", "\r\n\t\u0085"), "<a>&#xD;&#xA;&#x9;\u0085</a>")
})

test("objects become elements, arrays lists, absent members nothing", () => {
  const reply = { set: [{ a: 1, b: true }, { a: undefined }], none: [], gone: undefined, s: "" }
  assert.equal(elements(reply), "<set><item><a>1</a><b>true</b></item><item/></set><none/><s/>")
  assert.equal(element("set", ["x"], "member"), "<set><member>x</member></set>")
  assert.equal(element("t", new Date(0)), "<t>1970-01-01T00:00:00.000Z</t>")
})
