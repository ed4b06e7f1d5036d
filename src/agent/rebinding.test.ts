import assert from "node:assert/strict"
import { test } from "node:test"
import type { Node } from "../api/core.ts"
import type { BindingSource, NodeMode, NodeNetworkStatus } from "../api/nodenetwork.ts"
import { isRebound } from "./rebinding.ts"

const mode: NodeMode = {
  customNetworking: true,
  prefixDelegation: false,
  provisioning: true,
  manageUntagged: true,
  manageWhenUnschedulable: false,
  annotationKey: "k8s.amazonaws.com/eniConfig",
  labelKey: "topology.kubernetes.io/zone",
}

const node = (annotations: Record<string, string> = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "us-west-2a" }, annotations },
})

const bound = (source: BindingSource, name: string): NodeNetworkStatus => ({
  binding: { source, name, key: "" },
  placements: [],
  interfaces: [],
  conditions: [],
})

test("a node that was annotated after the controller looked is rebound", () => {
  const annotated = node({ "k8s.amazonaws.com/eniConfig": "batch" })
  assert.equal(isRebound(annotated, mode, bound("Label", "us-west-2a")), true)
  assert.equal(isRebound(annotated, mode, bound("Annotation", "batch")), false)
})

test("an annotation that was taken away again is a new binding too", () => {
  assert.equal(isRebound(node(), mode, bound("Annotation", "batch")), true)
  assert.equal(isRebound(node(), mode, bound("Label", "us-west-2a")), false)
})

test("a pool that outranks the label is the controller's to know", () => {
  assert.equal(isRebound(node(), mode, bound("SubnetPool", "blue")), false)
})

test("an empty name holds pods back until the controller has refused it", () => {
  const empty = node({ "k8s.amazonaws.com/eniConfig": "" })
  const ready = { placement: "node", object: "", subnets: [], securityGroups: [], ready: true }
  const before = { ...bound("Label", "us-west-2a"), placements: [ready] }
  assert.equal(isRebound(empty, mode, before), true)
  const after = { ...before, placements: [{ ...ready, ready: false }] }
  assert.equal(isRebound(empty, mode, after), false)
})

test("without custom networking no binding counts", () => {
  const off = { ...mode, customNetworking: false }
  assert.equal(isRebound(node(), off, bound("Label", "else")), false)
})
