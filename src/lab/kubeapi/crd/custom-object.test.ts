import assert from "node:assert/strict"
import { test } from "node:test"
import type { Schema } from "../types/schema.ts"
import { applyDefaults } from "./defaulting.ts"
import { prune } from "./prune.ts"
import { ruleCauses } from "./rules.ts"
import { validate } from "./validate.ts"

const texts = (schema: Schema, value: unknown) =>
  validate(schema, value, "spec").map((c) => `${c.field}: ${c.message}`)

const table: readonly (readonly [Schema, unknown, readonly string[]])[] = [
  [{ type: "integer" }, 3, []],
  [
    { type: "integer" },
    "3",
    ['spec: Invalid value: "string": spec in body must be of type integer: "string"'],
  ],
  [
    { type: "integer" },
    1.5,
    ['spec: Invalid value: "number": spec in body must be of type integer: "number"'],
  ],
  [
    { type: "string" },
    null,
    ['spec: Invalid value: "null": spec in body must be of type string: "null"'],
  ],
  [{ type: "string", nullable: true }, null, []],
  [{ enum: ["a", "b"] }, "c", ['spec: Unsupported value: "c": supported values: "a", "b"']],
  [
    { type: "string", pattern: "^a$" },
    "b",
    [`spec: Invalid value: "b": spec in body should match '^a$'`],
  ],
  [
    { type: "string", minLength: 1 },
    "",
    ['spec: Invalid value: "": spec in body should be at least 1 chars long'],
  ],
  [{ type: "string", maxLength: 1 }, "ab", ["spec: Too long: may not be more than 1 bytes"]],
  [
    { type: "string", format: "ipv4" },
    "::1",
    ['spec: Invalid value: "::1": spec in body must be of type ipv4: "::1"'],
  ],
  [{ type: "string", format: "cidr" }, "10.0.0.0/8", []],
  [
    { type: "integer", minimum: 1 },
    0,
    ["spec: Invalid value: 0: spec in body should be greater than or equal to 1"],
  ],
  [
    { type: "number", maximum: 1, exclusiveMaximum: true },
    1,
    ["spec: Invalid value: 1: spec in body should be less than 1"],
  ],
  [
    { type: "array", maxItems: 1, items: {} },
    [1, 2],
    ["spec: Too many: 2: must have at most 1 items"],
  ],
  [
    { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
    ["a", "b", "a"],
    ['spec[2]: Duplicate value: "a"'],
  ],
  [{ type: "object", required: ["a"], properties: { a: {} } }, {}, ["spec.a: Required value"]],
  [{ "x-kubernetes-int-or-string": true }, "80%", []],
  [
    { "x-kubernetes-int-or-string": true },
    true,
    ['spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"'],
  ],
]

for (const [schema, value, wanted] of table) {
  test(`${JSON.stringify(value)} under ${JSON.stringify(schema)}`, () => {
    assert.deepEqual(texts(schema, value), wanted)
  })
}

const schema: Schema = {
  type: "object",
  properties: {
    mode: { type: "string", default: "a" },
    parts: {
      type: "array",
      items: { type: "object", properties: { size: { type: "integer", default: 1 } } },
    },
    map: {
      type: "object",
      additionalProperties: {
        type: "object",
        properties: { on: { type: "boolean", default: true } },
      },
    },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    template: {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      properties: { spec: { type: "object" } },
    },
  },
}

test("unknown fields are pruned at any depth, and named", () => {
  const value = {
    mode: "b",
    extra: 1,
    parts: [{ size: 2, extra: 2 }],
    map: { k: { on: false, extra: 3 } },
    free: { anything: { goes: true } },
    template: { apiVersion: "v1", kind: "X", metadata: { name: "x" }, spec: {}, extra: 4 },
  }
  const { object, unknown } = prune(schema, value)
  assert.deepEqual(unknown, ["extra", "parts[0].extra", "map.k.extra", "template.extra"])
  assert.deepEqual(object, {
    mode: "b",
    parts: [{ size: 2 }],
    map: { k: { on: false } },
    free: { anything: { goes: true } },
    template: { apiVersion: "v1", kind: "X", metadata: { name: "x" }, spec: {} },
  })
})

test("defaults fill what is absent or null, in lists and maps too", () => {
  const draft = { mode: null, parts: [{}, { size: 5 }], map: { k: {} } }
  applyDefaults(schema, draft)
  assert.deepEqual(draft, {
    mode: "a",
    parts: [{ size: 1 }, { size: 5 }],
    map: { k: { on: true } },
  })
})

const ruled: Schema = {
  type: "object",
  properties: {
    subnet: {
      type: "string",
      "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "subnet is fixed" }],
    },
    terms: {
      type: "array",
      items: {
        type: "object",
        "x-kubernetes-validations": [
          { rule: "has(self.a) != has(self.b)", messageExpression: "'got ' + string(size(self))" },
        ],
      },
    },
  },
}

test("rules are asked at their place; those about the old value only of updates", () => {
  const causes = (value: unknown, old?: unknown) =>
    ruleCauses(ruled, value, old).map((c) => `${c.field}: ${c.message}`)
  assert.deepEqual(causes({ subnet: "a", terms: [{ a: 1 }] }), [])
  assert.deepEqual(causes({ subnet: "a" }, { subnet: "a" }), [])
  assert.deepEqual(causes({ subnet: "b" }, { subnet: "a" }), [
    'subnet: Invalid value: "b": subnet is fixed',
  ])
  assert.deepEqual(causes({ terms: [{ a: 1 }, { a: 1, b: 2 }] }), [
    "terms[1]: Invalid value: got 2",
  ])
})
