import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeMode, NodeNetwork } from "../api/nodenetwork.ts"
import { StatusGate } from "./status-gate.ts"

const mode = (customNetworking: boolean): NodeMode => ({
  customNetworking,
  prefixDelegation: false,
  provisioning: true,
  manageUntagged: true,
  manageWhenUnschedulable: false,
  annotationKey: "a",
  labelKey: "l",
})
const object = (m: NodeMode, generation: number, observed?: number): NodeNetwork => ({
  apiVersion: "berth.dev/v1alpha1",
  kind: "NodeNetwork",
  metadata: { name: "n1", generation },
  spec: { instanceID: "i-1", mode: m, targets: { maxPods: 110 }, demand: [], offers: [] },
  status: {
    ...(observed === undefined ? {} : { observedGeneration: observed }),
    placements: [],
    interfaces: [],
    conditions: [],
  },
})

const admits = (gate: StatusGate, seen: NodeNetwork, instanceID = "i-1") =>
  gate.admits(seen, instanceID)

test("a status counts once the controller has seen a spec with the present mode", () => {
  const gate = new StatusGate(mode(true))
  assert.equal(admits(gate, object(mode(false), 3, 3)), false, "another mode")
  assert.equal(admits(gate, object(mode(true), 4, 3)), false, "not seen yet")
  assert.equal(admits(gate, object(mode(true), 5, 3)), false, "not seen yet, demand changed")
  assert.equal(admits(gate, object(mode(true), 5, 4)), true)
  assert.equal(admits(gate, object(mode(true), 9, 4)), true, "later demand needs no new answer")
})

test("with the same mode as before any status counts", () => {
  const gate = new StatusGate(mode(true))
  gate.trust()
  assert.equal(admits(gate, object(mode(true), 5, 2)), true)
  assert.equal(admits(gate, object(mode(false), 6, 6)), false, "somebody edited the mode")
})

test("a controller that does not say what it has seen is believed", () => {
  assert.equal(admits(new StatusGate(mode(true)), object(mode(true), 5)), true)
})

test("the record of an earlier instance of the same name does not count", () => {
  const gate = new StatusGate(mode(true))
  assert.equal(admits(gate, object(mode(true), 5, 5), "i-2"), false)
  const ours = object(mode(true), 6, 5)
  assert.equal(admits(gate, ours), false, "not seen yet")
  assert.equal(admits(gate, { ...ours, status: { ...ours.status!, observedGeneration: 6 } }), true)
})
