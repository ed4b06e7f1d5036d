import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeInterface, NodeNetworkSpec } from "../api/nodenetwork.ts"
import { type ServableInput, servablePods } from "./servable.ts"
import { mode } from "./testing/objects.ts"

const limits = {
  interfaces: 4,
  addressesPerInterface: 11,
  prefixes: true,
  defaultNetworkCard: 0,
}

const iface = (deviceIndex: number, placement: string, state = "Ready"): NodeInterface => ({
  id: `eni-${deviceIndex}`,
  mac: "",
  deviceIndex,
  networkCard: 0,
  primary: deviceIndex === 0,
  subnetID: "",
  subnetCIDR: "",
  securityGroups: [],
  placement,
  state: state as NodeInterface["state"],
  primaryAddress: "",
  addresses: [],
  prefixes: [],
})

const input = (
  demand: Record<string, number>,
  more: { spec?: Partial<NodeNetworkSpec>; interfaces?: NodeInterface[] } = {},
): ServableInput => ({
  limits,
  interfaces: [iface(0, "node"), ...(more.interfaces ?? [])],
  spec: {
    instanceID: "i-1",
    mode,
    targets: { maxPods: 110 },
    demand: Object.entries(demand).map(([placement, inUse]) => ({
      placement,
      inUse,
      waiting: 0,
      cooling: 0,
    })),
    offers: [],
    ...more.spec,
  },
})

test("a node serves by every interface that the pods of others leave", () => {
  assert.equal(servablePods("pool:a", input({})), 30)
  assert.equal(servablePods("pool:a", input({ "pool:b": 1, node: 11 })), 0)
  assert.equal(servablePods("pool:a", input({ "pool:b": 1, "pool:a": 5 })), 20)
  const warm = [iface(1, "node"), iface(2, "node")]
  assert.equal(servablePods("pool:a", input({}, { interfaces: warm })), 30, "warm pools give way")
})

test("addresses that wait for their pods keep their interface", () => {
  const kept = { placement: "pool:b", inUse: 0, waiting: 0, cooling: 0, kept: 1 }
  assert.equal(servablePods("pool:a", input({}, { spec: { demand: [kept] } })), 20)
})

test("interfaces that drain and those of others are taken, and so is what MAX_ENI leaves out", () => {
  const taken = [iface(1, "pool:b", "Draining"), iface(2, "", "Foreign")]
  assert.equal(servablePods("pool:a", input({}, { interfaces: taken })), 10)
  const targets = { maxPods: 110, maxENI: 2 }
  assert.equal(servablePods("pool:a", input({}, { spec: { targets } })), 10)
})

test("prefixes count sixteen times, up to the pods that the node can run", () => {
  const spec = { mode: { ...mode, prefixDelegation: true } }
  assert.equal(servablePods("pool:a", input({ node: 161 }, { spec })), 110)
  assert.equal(servablePods("pool:a", input({ node: 321 }, { spec })), 0)
})

test("without custom networking the primary interface serves the node's pods first", () => {
  const spec = { mode: { ...mode, customNetworking: false } }
  assert.equal(servablePods("pool:a", input({ node: 10 }, { spec })), 30)
  assert.equal(servablePods("pool:a", input({ node: 11 }, { spec })), 20)
})

test("without provisioning only what is attached counts", () => {
  const spec = { mode: { ...mode, provisioning: false } }
  const interfaces = [iface(1, "pool:a")]
  assert.equal(servablePods("pool:a", input({}, { spec, interfaces })), 10)
  assert.equal(servablePods("pool:b", input({}, { spec, interfaces })), 0)
})
