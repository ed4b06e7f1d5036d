import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeInterface } from "../api/nodenetwork.ts"
import { reconcileTruth, sightingsApartMs } from "./truth.ts"

const eni = (
  id: string,
  addresses: string[],
  more: Partial<NodeInterface> = {},
): NodeInterface => ({
  id,
  mac: "02:00:00:00:00:01",
  deviceIndex: 1,
  networkCard: 0,
  primary: false,
  subnetID: "subnet-1",
  subnetCIDR: "10.0.0.0/24",
  securityGroups: ["sg-1"],
  placement: "node",
  state: "Ready",
  primaryAddress: "10.0.0.4",
  addresses,
  prefixes: [],
  ...more,
})

test("a node without a record takes what EC2 shows", () => {
  const { interfaces, suspects } = reconcileTruth([], [eni("eni-1", ["10.0.0.5"])], new Map(), 0)
  assert.deepEqual(interfaces[0]?.addresses, ["10.0.0.5"])
  assert.equal(suspects.size, 0)
})

test("one stale read neither takes an address from under a pod nor adds one given back", () => {
  const known = [eni("eni-1", ["10.0.0.5"])]
  const first = reconcileTruth(known, [eni("eni-1", ["10.0.0.6"])], new Map(), 1000)
  assert.deepEqual(first.interfaces[0]?.addresses, ["10.0.0.5"])
  assert.equal(first.suspects.size, 2)
  const healed = reconcileTruth(known, known, first.suspects, 1000 + sightingsApartMs)
  assert.deepEqual(healed.interfaces, known)
  assert.equal(healed.suspects.size, 0)
})

test("a difference seen twice, far enough apart, is taken over", () => {
  const known = [eni("eni-1", ["10.0.0.5"]), eni("eni-2", ["10.0.1.5"])]
  const seen = [eni("eni-1", ["10.0.0.6"]), eni("eni-3", [])]
  const first = reconcileTruth(known, seen, new Map(), 0)
  const early = reconcileTruth(known, seen, first.suspects, sightingsApartMs - 1)
  assert.deepEqual(early.interfaces, known)
  const late = reconcileTruth(known, seen, early.suspects, sightingsApartMs)
  assert.deepEqual(
    late.interfaces.map((i) => [i.id, i.addresses]),
    [
      ["eni-1", ["10.0.0.6"]],
      ["eni-3", []],
    ],
  )
  assert.equal(late.corrections.length, 4)
})

test("own decisions stay, what EC2 says of the attachment is taken", () => {
  const known = [
    eni("eni-1", [], { state: "Draining" }),
    eni("eni-2", [], { state: "Attaching" }),
    eni("eni-3", [], { state: "Releasing" }),
    eni("eni-4", [], { state: "Attaching" }),
  ]
  const seen = known.slice(0, 3).map((i) => ({ ...i, state: "Ready" as const }))
  const { interfaces, suspects } = reconcileTruth(known, seen, new Map(), 0)
  assert.deepEqual(
    interfaces.map((i) => i.state),
    ["Draining", "Ready", "Releasing", "Attaching"],
  )
  assert.equal(suspects.size, 0)
})
