// Goal: the controller's policy allows the calls that it makes, and no others.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { policy } from "../src/fleet/iam/policies.ts"

test("W38: the controller's policy lists every EC2 call of the client, and nothing else", () => {
  const client = readFileSync("src/ec2/sdk/client.ts", "utf8")
  const called = [...client.matchAll(/(\w+)Command as/g)].map(([, name]) => `ec2:${name}`)
  const allowed = new Set(policy("controller", {}).Statement.flatMap((s) => s.Action))
  assert.ok(called.length > 10)
  // Not a call of its own: EC2 asks for it where CreateNetworkInterface gives tags.
  assert.deepEqual([...allowed].sort(), [...called, "ec2:CreateTags"].sort())
})
