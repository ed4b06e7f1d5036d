import assert from "node:assert/strict"
import { test } from "node:test"
import type { InterfaceState, NodeInterface, NodeNetworkStatus } from "../api/nodenetwork.ts"
import { asPlaced } from "./as-placed.ts"

const iface = (id: string, subnetID: string, state: InterfaceState): NodeInterface => ({
  ...{ id, subnetID, state, mac: "", deviceIndex: 1, networkCard: 0, primary: false },
  ...{ subnetCIDR: "", securityGroups: [], placement: "node", primaryAddress: "" },
  ...{ addresses: [], prefixes: [] },
})

const status = (ready: boolean, interfaces: NodeInterface[]): NodeNetworkStatus => ({
  placements: [
    {
      placement: "node",
      object: "ENIConfig/batch",
      subnets: ready ? ["subnet-new"] : [],
      securityGroups: [],
      ready,
    },
  ],
  interfaces,
  conditions: [],
})

const statesOf = (s: NodeNetworkStatus) => asPlaced(s).map((i) => i.state)

test("an interface of another subnet than its placement names gets no new pods", () => {
  const interfaces = [
    iface("eni-1", "subnet-old", "Attaching"),
    iface("eni-2", "subnet-old", "Ready"),
    iface("eni-3", "subnet-new", "Attaching"),
    iface("eni-4", "subnet-new", "Ready"),
    iface("eni-5", "subnet-old", "Releasing"),
  ]
  const expected = ["Draining", "Draining", "Attaching", "Ready", "Releasing"]
  assert.deepEqual(statesOf(status(true, interfaces)), expected)
})

test("a refused placement takes nothing from what serves already", () => {
  assert.deepEqual(statesOf(status(false, [iface("eni-1", "subnet-old", "Ready")])), ["Ready"])
})
