import assert from "node:assert/strict"
import { test } from "node:test"
import { parseJsonPath } from "./json-path.ts"

const object = {
  metadata: { labels: { "a.b/c": "x" } },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Draining", status: "False" },
    ],
  },
}

const cases: readonly [string, unknown[]][] = [
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  ['.status.conditions[?(@.type!="Ready")].type', ["Draining"]],
  [".status.conditions[*].type", ["Ready", "Draining"]],
  [".status.conditions[-1].type", ["Draining"]],
  [".metadata.labels['a.b/c']", ["x"]],
  [".metadata.labels.a\\.b/c", ["x"]],
  ['.absent[?(@.type=="Ready")].status', []],
]

for (const [path, expected] of cases) {
  test(`${path} finds what kubectl would show`, () => {
    assert.deepEqual(parseJsonPath(path)?.(object), expected)
  })
}
