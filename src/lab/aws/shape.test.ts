import assert from "node:assert/strict"
import { test } from "node:test"
import { parseForm } from "./form.ts"
import { flag, given, integer, list, object, readFields, required, text } from "./shape.ts"

const fields = {
  Id: required(text),
  Count: integer,
  DryRun: flag,
  Filter: list(object({ Name: required(text), Value: list(text) })),
}
const read = (form: string) => readFields(fields, parseForm(new URLSearchParams(form)))

test("dotted names become lists in the order of their numbers", () => {
  const ten = Array.from({ length: 10 }, (_, i) => `Filter.1.Value.${i + 1}=v${i + 1}`)
  assert.deepEqual(read(`Id=x&Count=-3&DryRun=true&Filter.1.Name=n&${ten.reverse().join("&")}`), {
    Id: "x",
    Count: -3,
    DryRun: true,
    Filter: [{ Name: "n", Value: Array.from({ length: 10 }, (_, i) => `v${i + 1}`) }],
  })
})

test("the older dialect's lists read the same", () => {
  assert.deepEqual(read("Id=x&Filter.member.1.Name=n&Filter.member.1.Value.member.1=v"), {
    Id: "x",
    Filter: [{ Name: "n", Value: ["v"] }],
  })
})

test("what is missing, malformed or unknown is refused by its full name", () => {
  const cases = [
    ["", "MissingParameter", /Id/],
    ["Id=x&Count=many", "InvalidParameterValue", /many.*Count/],
    ["Id=x&DryRun=yes", "InvalidParameterValue", /DryRun/],
    ["Id=x&Filter.1.Value.1=v", "MissingParameter", /Filter\.1\.Name/],
    ["Id=x&Filter.1.Name=n&Filter.1.Other=o", "UnknownParameter", /Filter\.1\.Other/],
    ["Id=x&Filter.first.Name=n", "UnknownParameter", /Filter\.first/],
    ["Id=x&constructor=1", "UnknownParameter", /constructor/],
  ] as const
  for (const [form, code, message] of cases) assert.throws(() => read(form), { code, message })
})

test("given drops what is undefined and keeps what is empty", () => {
  assert.deepEqual(given({ a: undefined, b: "", c: 0, d: [] }), { b: "", c: 0, d: [] })
})
