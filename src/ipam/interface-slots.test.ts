import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeInterface } from "../api/nodenetwork.ts"
import { interfaceLimitsOf, limitsOf } from "../vpc/instance-limits.ts"
import { InterfaceSlots } from "./interface-slots.ts"

const iface = (deviceIndex: number, more: Partial<NodeInterface> = {}): NodeInterface => ({
  ...{ id: `eni-${deviceIndex}`, mac: "", deviceIndex, networkCard: 0, primary: deviceIndex === 0 },
  ...{ subnetID: "", subnetCIDR: "", securityGroups: [], placement: "node", state: "Ready" },
  ...{ primaryAddress: "", addresses: [], prefixes: [] },
  ...more,
})
const next = (type: string, interfaces: NodeInterface[], podENI: boolean, maxENI?: number) =>
  new InterfaceSlots(interfaceLimitsOf(limitsOf(type)), maxENI, interfaces, [], { podENI }).next()

test("a slot is left for the trunk until it is there, on types that can have one", () => {
  const two = [iface(0), iface(1)]
  assert.equal(next("m5.large", two, false), 2)
  assert.equal(next("m5.large", two, true), undefined)
  assert.equal(next("m5.large", two.slice(0, 1), true), 1)
  assert.equal(next("t3.large", two, true), 2, "has no trunk")
  const trunk = iface(3, { type: "trunk", state: "Foreign" })
  assert.equal(next("m5.xlarge", [...two, trunk], true), 2)
  assert.equal(next("m5.xlarge", two, true, 3), undefined, "MAX_ENI counts the trunk")
})
