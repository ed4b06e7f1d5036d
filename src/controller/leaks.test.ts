import assert from "node:assert/strict"
import { test } from "node:test"
import type { NetworkInterface } from "../vpc/model.ts"
import { decideLeaks } from "./leaks.ts"

const minute = 60_000
const now = Date.UTC(2030, 0, 1)
const eni = (more: Partial<NetworkInterface> = {}, tags: Record<string, string> = {}) =>
  ({
    id: "eni-1",
    description: "aws-K8S-i-1",
    type: "interface",
    status: "available",
    tags: {
      "cluster.k8s.amazonaws.com/name": "c",
      "node.k8s.amazonaws.com/instance_id": "i-1",
      "node.k8s.amazonaws.com/createdAt": new Date(now - 20 * minute).toISOString(),
      ...tags,
    },
    ...more,
  }) as NetworkInterface

const look = (
  seen: NetworkInterface[],
  suspects: ReadonlyMap<string, number> = new Map(),
  recorded = new Set<string>(),
  at = now,
) => decideLeaks({ clusterName: "c", seen, suspects, recorded, now: at })

test("an interface left behind is freed at the second sighting, five minutes later", () => {
  const first = look([eni()])
  assert.deepEqual(first.free, [])
  assert.deepEqual(look([eni()], first.suspects, new Set(), now + 4 * minute).free, [])
  assert.deepEqual(
    look([eni()], first.suspects, new Set(), now + 5 * minute).free.map((e) => e.id),
    ["eni-1"],
  )
})

test("one that was gone for a sighting starts its quarantine anew", () => {
  const first = look([eni()])
  const second = look([], first.suspects, new Set(), now + 5 * minute)
  assert.equal(second.suspects.size, 0)
  assert.deepEqual(look([eni()], second.suspects, new Set(), now + 10 * minute).free, [])
})

const old = new Map([["eni-1", now - 60 * minute]])
for (const [why, candidate, recorded] of [
  ["another cluster's", eni({}, { "cluster.k8s.amazonaws.com/name": "other" }), []],
  ["of somebody with another description", eni({ description: "ELB app/x" }), []],
  ["in use", eni({ status: "in-use" }), []],
  ["a trunk", eni({ type: "trunk" }), []],
  [
    "young",
    eni({}, { "node.k8s.amazonaws.com/createdAt": new Date(now - minute).toISOString() }),
    [],
  ],
  ["in a node's record", eni(), ["eni-1"]],
  ["of a recorded intent", eni({}, { "berth.dev/intent": "berth-1" }), ["berth-1"]],
] as const)
  test(`one that is ${why} is never freed`, () => {
    assert.deepEqual(look([candidate], old, new Set(recorded)).free, [])
  })

test("W29: an unreadable creation time is no proof of age, and no reason to delete at once", () => {
  const odd = eni({}, { "node.k8s.amazonaws.com/createdAt": "yesterday" })
  assert.deepEqual(look([odd]).free, [])
})
